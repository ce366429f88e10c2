import { describe, expect, it } from 'vitest';
import type { MetricPoint } from '../../engine/contract/run';
import { epochAxis, linearAxis, logAxis, valueAxis } from '../../engine/export/axis';
import { curveSets, thin } from '../../engine/export/curves';
import {
  formatBytes,
  formatCount,
  formatNumber,
  formatPoints,
  formatSeconds,
  formatShare,
} from '../../engine/export/quantity';

describe('axes', () => {
  it.each([
    [0, 1],
    [0.61, 0.932],
    [-3, 7],
    [2.5, 2.5],
    [0, 0],
    [1e-7, 3e-7],
    [123456, 9876543],
  ])('holds %d to %d between ticks at round steps', (low, high) => {
    const axis = linearAxis(low, high, 5);
    expect(axis.place(low)).toBeGreaterThanOrEqual(-1e-9);
    expect(axis.place(high)).toBeLessThanOrEqual(1 + 1e-9);
    expect(axis.place(axis.ticks[0] as number)).toBeCloseTo(0);
    expect(axis.place(axis.ticks.at(-1) as number)).toBeCloseTo(1);
    expect(axis.ticks.length).toBeGreaterThan(1);
    expect(axis.ticks.length).toBeLessThan(9);
  });

  it('turns to powers of ten where values span more than two of them', () => {
    expect(valueAxis([0.02, 8]).scale).toBe('log');
    expect(valueAxis([0.2, 8]).scale).toBe('linear');
    expect(valueAxis([0, 8]).scale).toBe('linear');
    expect(logAxis(0.02, 8).ticks).toEqual([0.01, 0.1, 1, 10]);
    expect(logAxis(0.02, 8).place(1)).toBeCloseTo(2 / 3);
  });

  it('writes whole epochs only', () => {
    expect(epochAxis(12).ticks).toEqual([0, 2, 4, 6, 8, 10, 12]);
    expect(epochAxis(1).ticks).toEqual([0, 1]);
    expect(epochAxis(0.4).ticks).toEqual([0]);
  });
});

describe('curves', () => {
  it('places points by epoch, whatever the length of an epoch', () => {
    const points: MetricPoint[] = [
      { stage: 'student', split: 'train', epoch: 1, step: 5, values: { loss: 2, val_acc: 0.1 } },
      { stage: 'student', split: 'validation', epoch: 1, step: 10, values: { acc: 0.4 } },
      { stage: 'student', split: 'train', epoch: 2, step: 15, values: { loss: 1 } },
    ];
    const loss = curveSets(points).find((set) => set.name === 'loss');
    expect(loss?.curves).toEqual([
      {
        stage: 'student',
        points: [
          { x: 0.5, y: 2 },
          { x: 1.5, y: 1 },
        ],
      },
    ]);
  });

  it('thins by means and keeps both ends within a bucket', () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: 2 * x }));
    const few = thin(points, 100);
    expect(few).toHaveLength(100);
    expect(few[0]).toEqual({ x: 4.5, y: 9 });
    expect(few.at(-1)).toEqual({ x: 994.5, y: 1989 });
    expect(few.reduce((sum, point) => sum + point.y, 0) / 100).toBeCloseTo(999);
  });
});

it('says quantities with three digits and a unit', () => {
  expect([0, 42, 999, 1000, 98_410, 999_999, 1_213_450].map(formatCount)).toEqual([
    '0',
    '42',
    '999',
    '1.00 k',
    '98.4 k',
    '1.00 M',
    '1.21 M',
  ]);
  expect([12, 393_640, 4.2e9].map(formatBytes)).toEqual(['12 B', '394 kB', '4.20 GB']);
  expect([0.5, 0.9934, 1, NaN].map(formatShare)).toEqual(['50.0 %', '99.34 %', '100.0 %', '–']);
  expect([0.0142, -0.0031].map(formatPoints)).toEqual(['1.4', '0.31']);
  expect([47.6, 60, 3599.7, 7800].map(formatSeconds)).toEqual([
    '48 s',
    '1 min 0 s',
    '1 h 0 min',
    '2 h 10 min',
  ]);
  expect([0, 0.25, 1e-5, NaN].map(formatNumber)).toEqual(['0', '0.25', '1.00e-5', 'not a number']);
});
