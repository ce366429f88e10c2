import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { runFiles } from '../contract/run';

/**
 * Executes a run folder in a process of its own, which goes on when this one ends; what it prints goes to the run's log.
 *
 * @throws Failed internal, where the process cannot be started.
 */
export const executeDetached = async (run: string): Promise<void> => {
  const bundle = process.argv[1];
  if (bundle === undefined)
    throw new Failed('internal', 'The engine does not know its own file.', 'Use run.');
  const log = await open(join(run, runFiles.log), 'a');
  try {
    const child = spawn(process.execPath, [bundle, 'execute', run], {
      cwd: run,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new Failed('internal', `The run cannot start: ${error.message}.`, 'Try again.')),
      );
    });
    child.unref();
  } finally {
    await log.close();
  }
};
