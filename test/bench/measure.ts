import { startWorker, type Worker } from './link';
import type { Programs, Subject } from './subjects';
import type { BenchTask } from './tasks';

/** What was measured of a subject on a task, or why nothing was. */
export interface Figure {
  task: string;
  subject: string;
  isReference: boolean;
  batch: number;
  missing: string | null;
  /** Milliseconds of one run: the median, half the distance from the 10th to the 90th percentile, the least. */
  median: number;
  spread: number;
  least: number;
  /** Floating-point operations of one run; 0 where they are not counted. */
  operations: number;
  /** Milliseconds from the start of the process to the end of the first run. */
  started: number;
  peakBytes: number;
}

export interface Contestant {
  subject: Subject;
  batch: number;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.round(share * (sorted.length - 1))] ?? NaN;

/** Median, half the distance from the 10th to the 90th percentile, and least of some times. */
export const summary = (times: readonly number[]): Pick<Figure, 'median' | 'spread' | 'least'> => {
  const sorted = [...times].sort((one, other) => one - other);
  return {
    median: quantile(sorted, 0.5),
    spread: (quantile(sorted, 0.9) - quantile(sorted, 0.1)) / 2,
    least: sorted[0] ?? NaN,
  };
};

const nothing = { median: NaN, spread: NaN, least: NaN, operations: 0, started: NaN, peakBytes: NaN };

interface Entry {
  figure: Figure;
  worker: Worker | null;
  /** Runs of one visit. */
  runs: number;
  times: number[];
}

const visitMs = 500;

const enter = async (task: BenchTask, { subject, batch }: Contestant, programs: Programs): Promise<Entry> => {
  const { id, isReference } = subject;
  const figure = {
    task: task.id,
    subject: id,
    isReference,
    batch,
    missing: subject.unable(task),
    ...nothing,
  };
  if (figure.missing !== null) return { figure, worker: null, runs: 0, times: [] };
  try {
    const { program, args } = subject.command(task, batch, programs);
    const worker = await startWorker(program, args);
    const once = (await worker.time(2)).times[1] ?? visitMs;
    const runs = Math.max(1, Math.min(20, Math.round(visitMs / once)));
    const { started, operations } = worker;
    return { figure: { ...figure, started, operations }, worker, runs, times: [] };
  } catch (error) {
    return { figure: { ...figure, missing: (error as Error).message }, worker: null, runs: 0, times: [] };
  }
};

/** The first run of a visit, whose data have left the caches, warms up unless it is the only one. */
const visit = async (entry: Entry): Promise<void> => {
  if (!entry.worker) return;
  const { times, peakBytes } = await entry.worker.time(entry.runs > 1 ? entry.runs + 1 : 1);
  entry.times.push(...(times.length > 1 ? times.slice(1) : times));
  entry.figure.peakBytes = peakBytes;
};

/** Times all contestants in turn, `rounds` times, so that a busy machine is as busy for each of them. */
export const measureTask = async (
  task: BenchTask,
  contestants: readonly Contestant[],
  programs: Programs,
  rounds: number,
): Promise<Figure[]> => {
  const entries: Entry[] = [];
  try {
    for (const contestant of contestants) entries.push(await enter(task, contestant, programs));
    for (let round = 0; round < rounds; round++) for (const entry of entries) await visit(entry);
    return entries.map(({ figure, times }) =>
      figure.missing === null ? { ...figure, ...summary(times) } : figure,
    );
  } finally {
    for (const { worker } of entries) worker?.stop();
  }
};

/** A training of some length: milliseconds of all its steps together, and the process's peak memory after it. */
export interface Length {
  steps: number;
  total: number;
  peakBytes: number;
}

/** Times trainings of each length, one after the other in one process. Throws where the task cannot be started. */
export const measureLengths = async (
  task: BenchTask,
  { subject, batch }: Contestant,
  programs: Programs,
  lengths: readonly number[],
): Promise<Length[]> => {
  const { program, args } = subject.command(task, batch, programs);
  const worker = await startWorker(program, args);
  try {
    await worker.time(5);
    const measured: Length[] = [];
    for (const steps of lengths) {
      const { times, peakBytes } = await worker.time(steps);
      measured.push({ steps, total: times.reduce((sum, one) => sum + one, 0), peakBytes });
    }
    return measured;
  } finally {
    worker.stop();
  }
};
