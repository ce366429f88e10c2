import { describe, expect, it } from 'vitest';
import { solveAssignment, type CostMatrix } from '../../engine/adapters/assignment';
import { Random } from '../../engine/random';

const matrix = (rows: number[][]): CostMatrix => ({
  rows: rows.length,
  columns: rows[0]?.length ?? 0,
  values: Float64Array.from(rows.flat()),
});

const randomMatrix = (rows: number, columns: number, name: string, levels = 1000): CostMatrix => {
  const random = new Random(name);
  return {
    rows,
    columns,
    values: Float64Array.from({ length: rows * columns }, () => random.integer(levels) - levels / 2),
  };
};

const total = ({ columns, values }: CostMatrix, columnOf: Int32Array): number =>
  columnOf.reduce(
    (sum, column, row) => (column < 0 ? sum : sum + (values[row * columns + column] as number)),
    0,
  );

/** The least sum over all ways to give rows different columns. */
const leastBySearch = (costs: CostMatrix, row = 0, taken = new Set<number>()): number => {
  if (row === costs.rows) return 0;
  let least = Infinity;
  for (let column = 0; column < costs.columns; column++) {
    if (taken.has(column)) continue;
    taken.add(column);
    const cost = costs.values[row * costs.columns + column] as number;
    least = Math.min(least, cost + leastBySearch(costs, row + 1, taken));
    taken.delete(column);
  }
  return least;
};

describe('solving an assignment', () => {
  it('solves a matrix worked out by hand, where the greedy choice is wrong', () => {
    const costs = matrix([
      [1, 2, 9],
      [1, 9, 9],
      [9, 3, 4],
    ]);
    expect([...solveAssignment(costs)]).toEqual([1, 0, 2]);
  });

  it.each([
    [5, 5],
    [4, 7],
    [6, 6],
  ])('finds the least sum of %i x %i', (rows, columns) => {
    for (let seed = 0; seed < 20; seed++) {
      const costs = randomMatrix(rows, columns, `${seed}`, seed % 2 === 0 ? 1000 : 4);
      const columnOf = solveAssignment(costs);
      expect(new Set(columnOf).size).toBe(rows);
      expect(total(costs, columnOf)).toBe(leastBySearch(costs));
    }
  });

  it('leaves rows out where there are more than columns', () => {
    const columnOf = solveAssignment(matrix([[5], [1], [3]]));
    expect([...columnOf]).toEqual([-1, 0, -1]);
  });

  it('finds a permutation that was hidden', () => {
    const size = 200;
    const hidden = new Random('hidden').permutation(size);
    const costs = randomMatrix(size, size, 'noise', 100);
    hidden.forEach((column, row) => (costs.values[row * size + column] = -1000));
    expect([...solveAssignment(costs)]).toEqual([...hidden]);
  });

  it('takes seconds for 2048 channels', () => {
    const costs = randomMatrix(2048, 2048, 'large', 1e6);
    const begin = performance.now();
    const columnOf = solveAssignment(costs);
    expect(new Set(columnOf).size).toBe(2048);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  it('knows the empty problem', () => {
    expect([...solveAssignment({ rows: 0, columns: 3, values: new Float64Array() })]).toEqual([]);
  });
});
