// The kernels of the WebAssembly backend for this platform's processors, which the built engine compiles and keeps in the
// cache.
import { join } from 'node:path';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { say } from './step.mjs';

const isTheirs = process.platform === 'linux' && process.arch === 'x64';

/**
 * Compiles them where they are missing. Without them everything works, slower, so a failure is told and not thrown.
 * @returns {Promise<string[]>} their files
 */
export const setUpNativeKernels = async () => {
  if (!isTheirs) return [];
  const engine = join(projectRoot, 'dist', 'retort.cjs');
  try {
    const printed = await runCommand(process.execPath, [engine, 'backends', '--kernels', '--json'], {
      cwd: projectRoot,
      show: 'errors',
    });
    return JSON.parse(printed).files;
  } catch (error) {
    say(`WebAssembly goes without native kernels: ${error instanceof Error ? error.message : error}`);
    return [];
  }
};
