// The binding to TensorFlow that travels with the package, for machines without a compiler: compiled once for each state
// of its sources, kept in the cache, never in git.
import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { say, step } from './step.mjs';

const platform = `${process.platform}-${process.arch}`;
const sources = ['binding', 'kernels'].map((name) => join(projectRoot, 'dist', name));
const compiling = ['compile.ts', 'compileOperations.ts', 'instructionSets.ts'].map((name) =>
  join(projectRoot, 'engine', 'backend', name),
);
const packaged = join(projectRoot, 'dist', 'prebuilt', platform);

const fingerprint = async () => {
  const hash = createHash('sha256');
  for (const file of compiling) hash.update(await readFile(file));
  for (const folder of sources) {
    const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(cc?|h)$/.test(name));
    for (const name of names.sort()) hash.update(await readFile(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
};

/** @param {string} folder */
const exists = (folder) =>
  stat(folder).then(
    () => true,
    () => false,
  );

/**
 * Puts the prebuilt binding into dist/. The project must be built. Without a compiler the package goes without, which is
 * told: it then asks for one where it is installed.
 */
export const addPrebuiltBinding = async () => {
  await rm(packaged, { recursive: true, force: true });
  if (process.platform !== 'linux') return;
  const made = join(cacheFolder, 'prebuilt', `${platform}-${await fingerprint()}`);
  try {
    await step({
      title: 'Prebuilt binding to TensorFlow',
      doing: 'compiling',
      lock: 'prebuilt',
      isReady: () => exists(made),
      act: async () => {
        const engine = join(projectRoot, 'dist', 'retort.cjs');
        await runCommand(process.execPath, [engine, 'backends', '--prebuild', made], { cwd: projectRoot });
      },
    });
    await cp(made, packaged, { recursive: true });
  } catch (error) {
    say(`The package goes without a prebuilt binding: ${error instanceof Error ? error.message : error}`);
  }
};
