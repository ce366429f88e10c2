import { spawn } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../../engine/contract/failure';
import { runFiles } from '../../engine/contract/run';
import type { NodeRuntime } from './nodeRuntime';

/**
 * Starts (or resumes) a run as a process of its own, which goes on when the editor closes. What it prints goes to the
 * run's log. Resolves once the process exists; `ended` settles with its exit code, if this host lives that long.
 */
export const startRun = async (
  bundle: string,
  runtime: NodeRuntime,
  run: string,
): Promise<{ pid: number; ended: Promise<number | null> }> => {
  await rm(join(run, runFiles.stop), { force: true });
  const log = await open(join(run, runFiles.log), 'a');
  try {
    const child = spawn(runtime.path, [bundle, 'execute', run], {
      cwd: run,
      detached: true,
      windowsHide: true,
      env: runtime.env,
      stdio: ['ignore', log.fd, log.fd],
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('spawn', () => resolve(child.pid ?? 0));
      child.once('error', (error) =>
        reject(new Failed('backendMissing', `The run cannot start: ${error.message}.`, 'Check the setup.')),
      );
    });
    child.unref();
    return { pid, ended };
  } finally {
    await log.close();
  }
};
