// What travels with the package compiled, for machines without a compiler: the binding to TensorFlow and the native
// kernels. Compiled once for each state of the sources, kept in the cache, never in git.
import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { setUpNativeKernels } from './nativeKernels.mjs';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { say, step } from './step.mjs';

const platform = `${process.platform}-${process.arch}`;
const sources = ['binding', 'kernels'].map((name) => join(projectRoot, 'dist', name));
const compiling = [
  ...['compile.ts', 'compileForSet.ts', 'compileOperations.ts'],
  ...['instructionSets.ts', 'kernelSources.ts'],
].map((name) => join(projectRoot, 'engine', 'backend', name));
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

const addBinding = async () => {
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

const addKernels = async () => {
  await mkdir(packaged, { recursive: true });
  for (const file of await setUpNativeKernels()) await copyFile(file, join(packaged, basename(file)));
};

/**
 * Puts what is compiled into dist/. The project must be built. What cannot be compiled is told, and the package goes
 * without: it then asks for a compiler where it is installed.
 */
export const addPrebuilt = async () => {
  await rm(packaged, { recursive: true, force: true });
  if (process.platform !== 'linux') return;
  await addBinding();
  await addKernels();
};
