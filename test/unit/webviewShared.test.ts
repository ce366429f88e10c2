import { describe, expect, it } from 'vitest';
import { gridMove } from '../../webview/shared/a11y';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMetric,
  formatNumber,
} from '../../webview/shared/format';
import { restore } from '../../webview/shared/savedState';

describe('format', () => {
  it.each([
    ['acc', 0.91234, '91.23 %'],
    ['val_acc', 1, '100.00 %'],
    ['loss', 0.123456, '0.1235'],
    ['lr', 0.0000123, '1.23e-5'],
    ['loss', 12_345.6, '12346'],
    ['loss', NaN, 'not a number'],
    ['loss', null, '–'],
    ['val_miou', 0.5, '50.00 %'],
    ['ap50', 0.1234, '12.34 %'],
    ['val_mae', 17.615, '17.61'],
  ])('%s %s is %s', (metric, value, words) => expect(formatMetric(metric, value)).toBe(words));

  it('counts in short', () => {
    const counts = [0, 999, 1000, 12_345, 999_499, 999_500, 1_234_567, 123_456_789].map(formatCount);
    expect(counts).toEqual(['0', '999', '1.00 k', '12.3 k', '999 k', '1.00 M', '1.23 M', '123 M']);
    expect([formatBytes(12), formatBytes(385_640)]).toEqual(['12 B', '386 kB']);
    expect(formatNumber(0)).toBe('0');
  });

  it('tells how long', () => {
    const words = [-3, 40, 200, 1800, 7500].map(formatDuration);
    expect(words).toEqual(['0 s', '40 s', '3 min 20 s', '30 min', '2 h 5 min']);
  });
});

describe('gridMove', () => {
  const move = (key: string, at: number, ctrl = false) => gridMove(key, ctrl, at, 13, 5);

  it('goes by arrows and stops at the edges', () => {
    expect([move('ArrowRight', 0), move('ArrowLeft', 0), move('ArrowDown', 2), move('ArrowUp', 7)]).toEqual([
      1, 0, 7, 2,
    ]);
    expect([move('ArrowRight', 12), move('ArrowDown', 9), move('ArrowUp', 3)]).toEqual([12, 9, 3]);
  });

  it('goes to the ends of a row, of a column and of all', () => {
    expect([move('Home', 7), move('End', 7), move('End', 11)]).toEqual([5, 9, 12]);
    expect([move('Home', 7, true), move('End', 1, true)]).toEqual([0, 12]);
    expect([move('PageUp', 8), move('PageDown', 1), move('PageDown', 4), move('a', 4)]).toEqual([
      3,
      11,
      9,
      null,
    ]);
  });
});

describe('restore', () => {
  const initial = { axis: 'steps', hidden: ['a'], zoom: null as unknown, smoothing: 0 };

  it('takes what fits and leaves the rest', () => {
    const saved = { version: 1, axis: 'epochs', hidden: 'all', zoom: { min: 1, max: 2 }, other: 3 };
    expect(restore(saved, 1, initial)).toEqual({ ...initial, axis: 'epochs', zoom: { min: 1, max: 2 } });
  });

  it.each([undefined, null, 'text', { version: 2, axis: 'epochs' }])('ignores %j', (saved) =>
    expect(restore(saved, 1, initial)).toEqual(initial),
  );
});
