import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { runFiles } from '../contract/run';
import { disposeProbedRun, openProbedRun, refresh, type ProbedRun } from './probedRun';

/** Runs that stay open, the one used last at the end. */
const opened = new Map<string, ProbedRun>();
const mostOpen = 3;

let last: Promise<unknown> = Promise.resolve();

/** One after the other: networks are shared, and a run must not be closed while it is read. */
const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const result = last.then(work);
  last = result.catch(() => undefined);
  return result;
};

/** Works on a run whose weights are those of its newest checkpoint. Opened runs are kept, the last few of them. */
export const withRun = <T>(run: string, work: (probed: ProbedRun) => Promise<T>): Promise<T> =>
  inTurn(async () => {
    const probed = await take(run);
    await refresh(probed);
    return work(probed);
  });

/** Closes every run that is kept open. */
export const closeRuns = (): Promise<void> =>
  inTurn(() => {
    for (const run of [...opened.keys()]) close(run);
    return Promise.resolve();
  });

const take = async (run: string): Promise<ProbedRun> => {
  if (!existsSync(join(run, runFiles.recipe))) {
    close(run);
    throw new Failed(
      'runNotFound',
      `There is no run at ${run}.`,
      'It may have been deleted: choose another run.',
    );
  }
  const probed = opened.get(run) ?? (await openProbedRun(run));
  opened.delete(run);
  opened.set(run, probed);
  const [oldest] = opened.keys();
  if (opened.size > mostOpen && oldest !== undefined) close(oldest);
  return probed;
};

const close = (run: string): void => {
  const probed = opened.get(run);
  if (probed) disposeProbedRun(probed);
  opened.delete(run);
};
