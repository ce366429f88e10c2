// One task on one backend in a process of its own. Answers each line of standard input with one line of JSON.
import { createInterface } from 'node:readline';
import { performance } from 'node:perf_hooks';
import { benchTasks } from './tasks';
import { openWork, type EngineSubject, type Work } from './work';

/** What a worker is told on its command line, as JSON. */
export interface WorkerOrder {
  task: string;
  subject: EngineSubject;
  folder: string;
  models: string;
  batch: number;
}

const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);

const time = (work: Work, repeats: number): number[] =>
  Array.from({ length: repeats }, () => {
    const begin = performance.now();
    work.run();
    return performance.now() - begin;
  });

const main = async (order: WorkerOrder): Promise<void> => {
  const task = benchTasks.find(({ id }) => id === order.task);
  if (!task) throw new Error(`There is no task ${order.task}.`);
  const work = await openWork(task, order.subject, order);
  work.run();
  answer({ operations: work.operations });
  for await (const line of createInterface({ input: process.stdin })) {
    answer({ times: time(work, Number(line)), peakBytes: process.resourceUsage().maxRSS * 1024 });
  }
};

main(JSON.parse(process.argv[2] ?? '{}') as WorkerOrder).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
