// The Node versions that the engine must run on, from the npm registry: for the test that trains on each.
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { runCommand } from './processes.mjs';
import { say, step } from './step.mjs';

export const nodeMajors = ['20', '22', '24'];

const system = process.platform === 'win32' ? 'win' : process.platform;
const nodePackage = `node-${system}-${process.arch}`;
const home = join(cacheFolder, 'node');

/** The program of a Node version in the cache, there or not. @param {string} major */
export const nodeProgram = (major) =>
  join(home, major, 'node_modules', nodePackage, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/** @param {string} major */
const isReady = (major) =>
  access(nodeProgram(major)).then(
    () => true,
    () => false,
  );

/** @param {string} major */
const fetchNode = async (major) => {
  const unfinished = join(home, `.unfinished-${major}-${process.pid}`);
  await mkdir(unfinished, { recursive: true });
  try {
    await writeFile(join(unfinished, 'package.json'), '{ "private": true }\n');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await runCommand('npm', ['install', ...quiet, `${nodePackage}@${major}`], { cwd: unfinished });
    await rm(join(home, major), { recursive: true, force: true });
    await rename(unfinished, join(home, major));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
};

/** Fetches those that are missing; without one, the test says that it was left out. */
export const setUpNodes = async () => {
  for (const major of nodeMajors) {
    if (process.versions.node.startsWith(`${major}.`)) continue;
    try {
      await step({
        title: `Node ${major}`,
        doing: 'installing from the npm registry, about 120 MB',
        lock: `node-${major}`,
        isReady: () => isReady(major),
        act: () => fetchNode(major),
      });
    } catch (error) {
      say(`Node ${major} could not be had: ${error instanceof Error ? error.message : error}`);
    }
  }
};
