import { describe, expect, it } from 'vitest';
import type { MetricPoint, RunWarning } from '../../engine/contract/run';
import { LossWatch } from '../../engine/training/lossWatch';

const point = (step: number, values: Record<string, number>): MetricPoint => ({
  stage: 'student',
  step,
  epoch: 1,
  split: 'train',
  values,
});

const watchOf = (known: RunWarning[] = [], isContested = false) =>
  new LossWatch(
    {
      name: 'student',
      steps: 100,
      losses: [
        { label: 'task', isContested: false },
        { label: 'kd', isContested },
      ],
    },
    known,
  );

/** What is told of forty points, one in two steps. */
const told = (valuesAt: (index: number) => Record<string, number>, watch = watchOf()): RunWarning[] =>
  Array.from({ length: 40 }, (_, index) => watch.see(point(2 * index + 2, valuesAt(index)))).flat();

const kinds = (warnings: RunWarning[]) => warnings.map(({ kind, loss }) => `${kind} ${loss}`);
const falling = (index: number) => ({ 'loss/task': 2 - index / 40, 'loss/kd': 3 / (index + 1) });

describe('the watch over losses', () => {
  it('is silent while both fall and share the gradient', () => {
    expect(told((index) => ({ ...falling(index), 'share/task': 0.4, 'share/kd': 0.6 }))).toEqual([]);
  });

  it('tells once of a loss that is always zero, in all of its terms', () => {
    const warnings = told((index) => ({ ...falling(index), 'loss/kd': 0, 'loss/kd:soft': 0 }));
    expect(kinds(warnings)).toEqual(['zero kd']);
    expect(warnings[0]?.next).toMatch(/Check its layers/);
    expect(told((index) => ({ ...falling(index), 'loss/kd': 0, 'loss/kd:soft': 1 / (index + 1) }))).toEqual(
      [],
    );
  });

  it('tells of one that drowns the others, and of one without a gradient', () => {
    const warnings = told((index) => ({ ...falling(index), 'share/task': 0.03, 'share/kd': 0.97 }));
    expect(kinds(warnings)).toEqual(['drowning kd']);
    expect(warnings[0]?.message).toContain('97 %');
    const idle = told((index) => ({ ...falling(index), 'share/task': 0, 'share/kd': 1 }));
    expect(kinds(idle)).toEqual(['idle task', 'drowning kd']);
  });

  it('tells late of one that never falls, unless it plays against a critic', () => {
    const level = (index: number) => ({ ...falling(index), 'loss/kd': 1 + index / 100 });
    expect(kinds(told(level))).toEqual(['rising kd']);
    expect(told(level, watchOf([], true))).toEqual([]);
    const early = watchOf();
    const half = Array.from({ length: 24 }, (_, index) => early.see(point(2 * index + 2, level(index))));
    expect(half.flat()).toEqual([]);
  });

  it('tells of one that explodes', () => {
    const warnings = told((index) => ({ ...falling(index), 'loss/kd': index < 20 ? 1 / (index + 1) : 9000 }));
    expect(kinds(warnings)).toContain('exploding kd');
  });

  it('does not repeat what the run was told before it was resumed', () => {
    const [first] = told((index) => ({ ...falling(index), 'loss/kd': 0 }));
    expect(first).toBeDefined();
    expect(told((index) => ({ ...falling(index), 'loss/kd': 0 }), watchOf(first ? [first] : []))).toEqual([]);
  });
});
