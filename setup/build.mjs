// The built programs, and what the extension-host suite needs beside them.
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { projectLock } from './packages.mjs';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { asSetupFailed, say } from './step.mjs';
import { withLock } from './lock.mjs';

/** Builds the extension, the engine and the pages into dist/; takes a second or two, so it is always done. */
export const buildProject = () =>
  withLock(projectLock, say, async () => {
    try {
      await runCommand(process.execPath, ['esbuild.mjs'], { cwd: projectRoot });
    } catch (error) {
      throw asSetupFailed('The project could not be built:', error);
    }
  });

/** Builds the suite (build/host/index.cjs) and the stand-in for the `code` executable (build/test/code.mjs). */
export const buildHostSuite = async () => {
  const { build } = await import('esbuild');
  const shared = /** @type {const} */ ({
    bundle: true,
    platform: 'node',
    target: 'node20',
    absWorkingDir: projectRoot,
    logLevel: 'warning',
  });
  await rm(join(projectRoot, 'build', 'host'), { recursive: true, force: true });
  const suites = (await readdir(join(projectRoot, 'test', 'host'))).filter((name) => name.endsWith('.ts'));
  await build({
    ...shared,
    entryPoints: suites.map((name) => `test/host/${name}`),
    outdir: 'build/host',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    mainFields: ['module', 'main'],
    external: ['vscode', 'mocha'],
    sourcemap: 'inline',
  });
  await build({
    ...shared,
    entryPoints: ['test/vscode/suite.ts'],
    outfile: 'build/test/suite.cjs',
    format: 'cjs',
  });
  await build({
    ...shared,
    entryPoints: ['test/vscode/code.ts'],
    outfile: 'build/test/code.mjs',
    format: 'esm',
    packages: 'external',
    banner: { js: '#!/usr/bin/env node' },
  });
  await chmod(join(projectRoot, 'build', 'test', 'code.mjs'), 0o755);
};
