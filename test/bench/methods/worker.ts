// Trainings of the methods table, one after the other, in a process of their own: orders as JSON on standard input,
// one line of JSON for each on standard output.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type * as tf from '@tensorflow/tfjs';
import { parseMetrics } from '../../../engine/contract/metrics';
import type { RunState } from '../../../engine/contract/run';
import { readRecipe } from '../../../engine/recipe';
import { executeRun } from '../../../engine/run/execute';
import { createRunFolder, freezeRecipe } from '../../../engine/run/folder';
import { prepareRun, type PreparedRun } from '../../../engine/run/prepare';
import { failedResult, fingerprintOf, type Order, type Result } from './orders';

const numbers = (variables: Iterable<tf.Variable> | undefined): number =>
  [...(variables ?? [])].reduce((sum, { size }) => sum + size, 0);

/** What a method has beside the student: trained, and remembered. */
const trainOnly = ({ stages }: PreparedRun) => {
  const terms = stages.find(({ name }) => name === 'student')?.terms ?? [];
  const own = terms.map(({ prepared }) => prepared);
  const sum = (count: (one: (typeof own)[number]) => number) =>
    own.reduce((total, one) => total + count(one), 0);
  return {
    trained: sum(
      ({ variables, networks, opponents, stages: before }) =>
        numbers(variables?.values()) +
        [...(networks?.values() ?? [])].reduce(
          (total, { trainable }) => total + numbers(trainable.values()),
          0,
        ) +
        (opponents ?? []).reduce((total, opponent) => total + numbers(opponent.variables.values()), 0) +
        (before ?? []).reduce((total, stage) => total + numbers(stage.variables.values()), 0),
    ),
    remembered: sum(({ memory }) => numbers(memory?.values())),
  };
};

/** Times the steps of the student's stage. */
const stopwatch = () => {
  const times: number[] = [];
  let last: { step: number; at: number } | null = null;
  const onState = ({ stages, stage, step }: RunState): void => {
    if (stages[stage]?.name !== 'student') return;
    const now = { step, at: performance.now() };
    if (last && step === last.step + 1) times.push(now.at - last.at);
    if (!last || step !== last.step) last = now;
  };
  const median = (): number => times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? NaN;
  return { onState, median };
};

const shareIn = async (run: string, method: string): Promise<number | null> => {
  const points = parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
  const shares = points.flatMap(({ values }) => values[`share/${method}`] ?? []);
  return shares.length > 0 ? shares.reduce((sum, share) => sum + share, 0) / shares.length : null;
};

const train = async (order: Order, folder: string): Promise<Result> => {
  const { row, task, seed } = order;
  const recipeFile = join(folder, 'recipes', `${task} ${row.replace('/', ' ')} ${seed}.distill.json`);
  await mkdir(join(folder, 'recipes'), { recursive: true });
  await writeFile(recipeFile, JSON.stringify(order.recipe, null, 2));
  const began = performance.now();
  const prepared = await prepareRun(freezeRecipe(await readRecipe(recipeFile), recipeFile));
  const sizes = trainOnly(prepared);
  const run = await createRunFolder(prepared.frozen, join(folder, 'runs'));
  const { onState, median } = stopwatch();
  const report = await executeRun(run, { prepared, onState });
  const share = await shareIn(run, row.replace(/\/.*/, ''));
  if (row !== 'teacher') await rm(run, { recursive: true, force: true });
  return {
    row,
    task,
    seed,
    fingerprint: fingerprintOf(order),
    metrics: report.student.metrics,
    teacher: report.teacher?.metrics ?? null,
    step: median(),
    seconds: (performance.now() - began) / 1000,
    ...sizes,
    share,
    warnings: (report.warnings ?? []).map(({ message }) => message),
    student: join(run, 'student'),
    failure: null,
  };
};

const main = async (): Promise<void> => {
  const { orders, folder } = JSON.parse(process.argv[2] ?? '{}') as { orders: Order[]; folder: string };
  for (const order of orders) {
    const result = await train(order, folder).catch((error: unknown) =>
      failedResult(order, error instanceof Error ? error.message : String(error)),
    );
    process.stdout.write(`\n${JSON.stringify(result)}\n`);
  }
  process.exit(0);
};

if (process.argv[2]) void main();
