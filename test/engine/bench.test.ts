import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { summary, type Figure } from '../bench/measure';
import { compare, formatTable, type Row } from '../bench/table';
import { benchTasks } from '../bench/tasks';
import { openWork } from '../bench/work';

const { name: backend } = await useBackend('auto');
const models = join(process.cwd(), 'test', 'bench', 'models.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-bench-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const taskOf = (id: string) => {
  const task = benchTasks.find((one) => one.id === id);
  if (!task) throw new Error(`There is no task ${id}.`);
  return task;
};

const figure = (changes: Partial<Figure>): Figure => ({
  task: 'sgemm',
  subject: 'tensorflow',
  isReference: false,
  batch: 64,
  missing: null,
  median: 100,
  spread: 1,
  least: 99,
  operations: 0,
  started: 1500,
  peakBytes: 2e8,
  ...changes,
});

describe('what the bench makes of its times', () => {
  it('takes the median, and half of the distance between the outer tenths', () => {
    const times = Array.from({ length: 11 }, (_, index) => 10 + ((index * 7) % 11));
    expect(summary(times)).toEqual({ median: 15, spread: 4, least: 10 });
  });

  it('compares by the sample, with the best of the references, and counts for those that do not', () => {
    const rows = compare(
      [
        figure({ operations: 2e10, median: 100 }),
        figure({ task: 'step', operations: 64e8, median: 64 }),
        figure({ task: 'step', subject: 'cpu', batch: 1, operations: 1e8, median: 10 }),
        figure({ task: 'step', subject: 'torch', isReference: true, median: 128 }),
        figure({ task: 'step', subject: 'torch-channels-last', isReference: true, median: 80 }),
        figure({ task: 'step', subject: 'none', missing: 'there is none' }),
      ],
      'sgemm',
    );
    expect(rows.map(({ ratio }) => ratio)).toEqual([null, 0.8, 8, 1.6, 1, null]);
    expect(rows.map(({ gflops }) => gflops)).toEqual([200, 100, 10, 50, 80, null]);
    expect(rows.map(({ share }) => share)).toEqual([1, 0.5, 0.05, 0.25, 0.4, null]);
  });

  it('prints a line for every figure, and why one is missing', () => {
    const rows = compare([figure({}), figure({ subject: 'torch', missing: 'no torch here' })], 'sgemm');
    const lines = formatTable(rows, benchTasks, []).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[2]).toMatch(/^ {2}tensorflow +100 +1\.00 +99\.0 +- +- +- +1\.5 +200$/);
    expect(lines[3]).toMatch(/^ {2}torch +- {2}no torch here$/);
  });
});

describe.skipIf(backend !== 'tensorflow')('the work of the bench', () => {
  it.each(['small-step', 'kd-cwd-step'])('is the same as one graph and by operation: %s', async (id) => {
    const place = { folder, models, batch: 2 };
    const numbers = async (graph: boolean) => {
      const work = await openWork(taskOf(id), { backend: 'tensorflow', graph }, place);
      expect(work.operations).toBeGreaterThan(1e6);
      return [work.run(), work.run()];
    };
    const [graph, eager] = [await numbers(true), await numbers(false)];
    graph.forEach((loss, step) => expect(loss).toBeCloseTo(eager[step] ?? NaN, 2));
    expect(graph[1]).not.toBe(graph[0]);
  });

  it('is measured in processes of its own by the command', async () => {
    const args = ['setup/bench.mjs', '--json', '--rounds', '1', '--batch', '2'];
    const chosen = ['--only', 'batches,small-step', '--subjects', 'tensorflow'];
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...chosen]);
    const { rows } = JSON.parse(stdout) as { rows: Row[] };
    expect(rows.map(({ task, missing }) => [task, missing])).toEqual([
      ['batches', null],
      ['small-step', null],
    ]);
    for (const { median, started, peakBytes } of rows) {
      expect(median).toBeGreaterThan(0);
      expect(started).toBeGreaterThan(median);
      expect(peakBytes).toBeGreaterThan(1e7);
    }
  });
});
