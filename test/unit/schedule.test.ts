import { describe, expect, it } from 'vitest';
import type { ScheduleOptions } from '../../engine/contract/recipe';
import { learningRateAt } from '../../engine/training/schedule';

describe('learning rate', () => {
  it('rises linearly while warming up', () => {
    const options = { kind: 'constant', warmup: 4 } as const;
    expect([0, 1, 2, 4, 9].map((epoch) => learningRateAt(options, 0.4, epoch, 10))).toEqual([
      0, 0.1, 0.2, 0.4, 0.4,
    ]);
  });

  it('is multiplied by gamma after each milestone', () => {
    const options: ScheduleOptions = { kind: 'step', warmup: 0, milestones: [2, 5], gamma: 0.1 };
    const rates = [0, 1.99, 2, 4, 5, 8].map((epoch) => learningRateAt(options, 1, epoch, 10));
    rates.forEach((rate, index) =>
      expect(rate).toBeCloseTo([1, 1, 0.1, 0.1, 0.01, 0.01][index] as number, 12),
    );
  });

  it('falls as a cosine from the peak to the floor, after the warm-up', () => {
    const options = { kind: 'cosine', warmup: 2, floor: 0.01 } as const;
    expect(learningRateAt(options, 1, 2, 10)).toBeCloseTo(1, 12);
    expect(learningRateAt(options, 1, 6, 10)).toBeCloseTo((1 + 0.01) / 2, 12);
    expect(learningRateAt(options, 1, 10, 10)).toBeCloseTo(0.01, 12);
  });

  it('does not divide by zero when the warm-up lasts the whole training', () => {
    expect(learningRateAt({ kind: 'cosine', warmup: 3, floor: 0 }, 1, 3, 3)).toBeTypeOf('number');
    expect(Number.isFinite(learningRateAt({ kind: 'cosine', warmup: 3, floor: 0 }, 1, 3, 3))).toBe(true);
  });
});
