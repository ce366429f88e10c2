// The project's npm packages: installed when they are missing or differ from package-lock.json.
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { asSetupFailed, step } from './step.mjs';

/** Names a lock after this clone, so that two clones do not wait for one another. */
export const projectLock = `project-${createHash('sha256').update(projectRoot).digest('hex').slice(0, 12)}`;

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, devOptional?: boolean, peer?: boolean }} Locked
 * @param {string} file
 * @returns {Promise<Record<string, Locked> | null>}
 */
const lockedPackages = async (file) => {
  try {
    return JSON.parse(await readFile(file, 'utf8')).packages;
  } catch {
    return null;
  }
};

/**
 * npm writes `node_modules/.package-lock.json` as the last act of an installation and removes it first, so it tells
 * a whole installation from one that was cut off. Optional packages may be absent: most are for other systems.
 */
export const packagesAreReady = async () => {
  const wanted = await lockedPackages(join(projectRoot, 'package-lock.json'));
  const installed = await lockedPackages(join(projectRoot, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    if (path === '') return true;
    const found = installed[path];
    if (!found) return Boolean(optional || devOptional);
    return found.version === version && found.integrity === integrity;
  });
};

export const setUpPackages = () =>
  step({
    title: 'Packages',
    doing: 'installing from the npm registry',
    lock: projectLock,
    isReady: packagesAreReady,
    act: async () => {
      try {
        await runCommand('npm', ['ci', '--loglevel=error'], { cwd: projectRoot });
      } catch (error) {
        throw asSetupFailed('The npm packages could not be installed; is the npm registry reachable?', error);
      }
    },
  });
