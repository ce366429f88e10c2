import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tasks } from '../../engine/contract/recipe';
import { lossSchema, methods } from '../../engine/methods/registry';
import { componentBoxes } from '../bench/methods/nuclei';
import {
  controlOrder,
  failedResult,
  fingerprintOf,
  rowOrder,
  teacherOrder,
  type Order,
  type Result,
} from '../bench/methods/orders';
import { rowsOf, type Row } from '../bench/methods/rows';
import { Store } from '../bench/methods/store';
import { lineOf, spreadOf } from '../bench/methods/summary';
import { tableText } from '../bench/methods/tableText';
import { trialsOn } from '../bench/methods/trials';

const trials = trialsOn({ fashion: '/fashion', nuclei: '/nuclei' });
const rows = rowsOf(methods);

describe('the lines of the methods table', () => {
  it('hold every method, on a task that it is for and that has a trial, with options that it takes', () => {
    expect([...new Set(rows.map(({ method }) => method))]).toEqual(
      methods.map(({ id }) => id).filter((id) => id !== 'task'),
    );
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const row of rows) {
      expect(methods.find(({ id }) => id === row.method)?.tasks, row.id).toContain(row.task);
      expect(trials.map(({ task }) => task)).toContain(row.task);
      for (const loss of row.losses) expect(() => lossSchema.parse(loss)).not.toThrow();
    }
    expect(trials.map(({ task }) => task).sort()).toEqual([...tasks].sort());
  });

  it('are trained anew when anything of their recipe changes', () => {
    const [trial] = trials;
    const [row] = rows;
    if (!trial || !row) throw new Error('no lines');
    const orders = [
      rowOrder(row, trial, '/n.ts', 1, '/teacher'),
      rowOrder(row, trial, '/n.ts', 2, '/teacher'),
      rowOrder(row, { ...trial, training: { epochs: 1 } }, '/n.ts', 1, '/teacher'),
      rowOrder(row, trial, '/n.ts', 1, '/other'),
      controlOrder(trial, '/n.ts', 1),
      teacherOrder(trial, '/n.ts'),
    ];
    expect(new Set(orders.map(fingerprintOf)).size).toBe(orders.length);
  });
});

const row: Row = { id: 'kd', method: 'kd', task: 'classification', losses: [] };
const order = (id: string, seed: number, task: Order['task'] = 'classification'): Order => ({
  row: id,
  task,
  seed,
  recipe: { id, seed },
});
const result = (
  id: string,
  seed: number,
  metrics: Record<string, number>,
  more: Partial<Result> = {},
): Result => ({
  ...failedResult(order(id, seed), ''),
  failure: null,
  metrics,
  step: 10,
  ...more,
});
const accuracies = (id: string, values: readonly number[]) =>
  values.map((acc, index) => result(id, index + 1, { acc }));

describe('what a line says', () => {
  const control = accuracies('control', [0.7, 0.72, 0.71]);

  it('compares with the control of the same seed, and takes a deviation for chance', () => {
    expect(spreadOf([1, 2, 3])).toEqual({ mean: 2, deviation: 1 });
    const verdict = (values: number[]) => lineOf(row, [...control, ...accuracies('kd', values)])?.verdict;
    expect(verdict([0.72, 0.74, 0.73])).toBe('better');
    expect(verdict([0.71, 0.7, 0.715])).toBe('equal');
    expect(verdict([0.6, 0.62, 0.61])).toBe('worse');
    expect(lineOf(row, control)).toBeNull();
  });

  it('counts an error as better where it is smaller', () => {
    const counting = { ...row, task: 'regression' } as const;
    const errors = (id: string, values: number[]) =>
      values.map((mae, index) => result(id, index + 1, { mae }, { task: 'regression' }));
    const line = lineOf(counting, [...errors('control', [3, 3.1]), ...errors('kd', [2, 2.05])]);
    expect(line?.verdict).toBe('better');
    expect(line?.gain.mean).toBeCloseTo(1.025, 6);
  });

  it('is kept where a training failed, with the reason', () => {
    const results = [
      ...control,
      ...accuracies('kd', [0.72, 0.74]),
      failedResult(order('kd', 3), 'no memory'),
    ];
    const line = lineOf(row, results);
    expect(line).toMatchObject({ seeds: 2, failure: 'no memory', verdict: 'better' });
    const text = tableText(trials, line ? [line] : [], results, 'machine');
    expect(text).toContain('| `kd` | 73.00 ± 1.41 |');
    expect(text).toContain('no memory');
    const all = lineOf(row, [...control, failedResult(order('kd', 1), 'a | b')]);
    expect(all?.verdict).toBe('failed');
    expect(tableText(trials, all ? [all] : [], [], 'machine')).toContain(
      '**failed** | – | – | – | – | a / b |',
    );
  });
});

describe('what was trained', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-table-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is not trained again, unless it failed, its recipe changed or all is asked for', async () => {
    const file = join(folder, 'results.json');
    const store = await Store.open(file, false);
    await store.add({ ...result('kd', 1, { acc: 0.5 }), fingerprint: fingerprintOf(order('kd', 1)) });
    await store.add(failedResult(order('kd', 2), 'killed'));
    const again = await Store.open(file, false);
    expect([1, 2, 3].map((seed) => again.has(order('kd', seed)))).toEqual([true, false, false]);
    expect(again.has({ ...order('kd', 1), recipe: { other: true } })).toBe(false);
    await again.add(result('kd', 2, { acc: 0.6 }));
    expect(again.all).toHaveLength(2);
    expect((await Store.open(file, true)).all).toEqual([]);
  });
});

describe('boxes of instances', () => {
  it('bound what hangs together by edges, and leave out what is tiny or of another class', () => {
    const mask = Uint8Array.from(
      ['11000', '11010', '00100', '00022', '10022'].flatMap((line) => [...line].map(Number)),
    );
    expect(componentBoxes(mask, 5, 1, 2)).toEqual([[0, 0, 0.4, 0.4]]);
    expect(componentBoxes(mask, 5, 1, 1)).toHaveLength(4);
    expect(componentBoxes(mask, 5, 2, 1)).toEqual([[0.6, 0.6, 1, 1]]);
  });
});
