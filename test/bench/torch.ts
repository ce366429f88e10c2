import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../engine/backend/cacheFolder';

const run = promisify(execFile);

/** A Python with PyTorch, or why there is none. */
export type FoundTorch = { python: string; version: string } | { missing: string };

const systemPython = process.platform === 'win32' ? 'python' : 'python3';
const environment = (): string => join(cacheFolder(), 'torch', 'venv');
const pythonOf = (folder: string): string =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

const versionOf = async (python: string): Promise<string | null> => {
  try {
    return (await run(python, ['-c', 'import torch; print(torch.__version__)'])).stdout.trim();
  } catch {
    return null;
  }
};

/** The first that has torch: the interpreter named, the bench's own environment, the system's. */
export const findTorch = async (named: string | undefined): Promise<FoundTorch> => {
  const own = pythonOf(environment());
  const candidates = named ? [named] : [...(existsSync(own) ? [own] : []), systemPython];
  for (const python of candidates) {
    const version = await versionOf(python);
    if (version !== null) return { python, version };
  }
  const tried = named ?? systemPython;
  return { missing: `${tried} has no torch; \`npm run bench -- --torch\` installs it into the cache folder` };
};

/** Makes the bench's own environment and installs `requirement` there with pip. */
export const installTorch = async (requirement: string): Promise<FoundTorch> => {
  const folder = environment();
  await mkdir(join(folder, '..'), { recursive: true });
  try {
    await run(systemPython, ['-m', 'venv', folder]);
    await run(pythonOf(folder), ['-m', 'pip', 'install', '--quiet', requirement], { maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return { missing: `${requirement} could not be installed: ${stderr.trim().split('\n').at(-1)}` };
  }
  return findTorch(pythonOf(folder));
};
