import { describe, expect, it } from 'vitest';
import { matchMonotone } from '../../engine/adapters/matching';
import { Random } from '../../engine/random';

const text = (gains: number[][]): string[] =>
  matchMonotone(gains).map(({ teacher, student }) => `${teacher}-${student}`);

/** The greatest total gain over all monotone matchings, by trying them all. */
const bestBySearch = (gains: number[][], teacher = 0, student = 0): number => {
  let best = 0;
  for (let row = teacher; row < gains.length; row++)
    for (let column = student; column < (gains[0]?.length ?? 0); column++) {
      const gain = gains[row]?.[column] ?? -Infinity;
      best = Math.max(best, gain + bestBySearch(gains, row + 1, column + 1));
    }
  return best;
};

describe('monotone matching', () => {
  it('gives up the best single pair where that is better in sum', () => {
    const gains = [
      [0.6, 0.1, 0.9],
      [0.1, 0.6, 0.1],
      [0.1, 0.1, 0.6],
    ];
    expect(text(gains)).toEqual(['0-0', '1-1', '2-2']);
  });

  it('leaves out what gains nothing, and knows empty lists', () => {
    expect(text([[-0.1], [0.2], [0]])).toEqual(['1-0']);
    expect(text([[-1, -Infinity]])).toEqual([]);
    expect(text([])).toEqual([]);
  });

  it('takes the deepest where pairs are equally good', () => {
    expect(text([[0.5], [0.5], [0.5]])).toEqual(['2-0']);
    expect(text([[0.5, 0.5, 0.5]])).toEqual(['0-2']);
  });

  it('never crosses, never matches twice, and finds the greatest sum', () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(`matching/${seed}`);
      const [rows, columns] = [1 + random.integer(5), 1 + random.integer(5)];
      const gains = Array.from({ length: rows }, () =>
        Array.from({ length: columns }, () => random.integer(11) / 10 - 0.3),
      );
      const matches = matchMonotone(gains);
      matches.slice(1).forEach((match, at) => {
        expect(match.teacher).toBeGreaterThan(matches[at]?.teacher ?? NaN);
        expect(match.student).toBeGreaterThan(matches[at]?.student ?? NaN);
      });
      const sum = matches.reduce(
        (total, { teacher, student }) => total + (gains[teacher]?.[student] ?? NaN),
        0,
      );
      expect(sum).toBeCloseTo(bestBySearch(gains), 10);
    }
  });
});
