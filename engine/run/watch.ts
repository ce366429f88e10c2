import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failed } from '../contract/failure';
import { isActive, runFiles, type RunReport, type RunState } from '../contract/run';
import { readState } from './folder';

const lookEveryMs = 300;
/** A run that no process has taken up for this long was never started. */
const takenUpWithinMs = 60_000;

const isAlive = ({ pid, updatedAt }: RunState): boolean => {
  if (pid === null) return Date.now() - Date.parse(updatedAt) < takenUpWithinMs;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const cutOff = (run: string): Failed =>
  new Failed('stopped', 'The run was cut off: its process is gone.', `Continue it: retort resume ${run}`);

/** Follows a run that another process executes, and gives its report. Throws `Failed` where it ends without one. */
export const watchRun = async (run: string, onState: (state: RunState) => void): Promise<RunReport> => {
  let state = await readState(run);
  for (; isActive(state.status); state = await readState(run)) {
    onState(state);
    if (!isAlive(state) && isActive((await readState(run)).status)) throw cutOff(run);
    await sleep(lookEveryMs);
  }
  onState(state);
  if (state.failure) throw new Failed(state.failure.code, state.failure.message, state.failure.next);
  if (state.status === 'stopped')
    throw new Failed('stopped', 'The run was stopped.', `Continue it: retort resume ${run}`);
  return JSON.parse(await readFile(join(run, runFiles.reportJson), 'utf8')) as RunReport;
};
