import type { Random } from '../random';

/**
 * Draws samples of other classes, without repetition: what is drawn twice is drawn again, and where more than half are
 * wanted the rest is drawn instead. Its memory grows with the samples alone.
 */
export interface Negatives {
  /** How many are drawn for each sample: as wished, or all that the largest class leaves. */
  count: number;
  /** Adds 1 to `row` at `count` samples whose class is not `label`; `row` holds one zero for each sample. */
  draw(random: Random, label: number, row: Float32Array): void;
}

interface ClassRange {
  begin: number;
  size: number;
}

/** Samples sorted by class, and where each class lies in that order. */
const sortByClass = (labels: Int32Array): { order: Int32Array; ranges: Map<number, ClassRange> } => {
  const order = Int32Array.from(labels.keys()).sort(
    (a, b) => (labels[a] as number) - (labels[b] as number) || a - b,
  );
  const ranges = new Map<number, ClassRange>();
  order.forEach((sample, position) => {
    const label = labels[sample] as number;
    const range = ranges.get(label);
    if (range) {
      range.size += 1;
    } else {
      ranges.set(label, { begin: position, size: 1 });
    }
  });
  return { order, ranges };
};

/**
 * @param labels class of each sample of the training split
 * @param wished how many to draw for each sample
 */
export const negativesOf = (labels: Int32Array, wished: number): Negatives => {
  const { order, ranges } = sortByClass(labels);
  const largest = [...ranges.values()].reduce((most, { size }) => Math.max(most, size), 0);
  const count = Math.min(wished, labels.length - largest);
  return {
    count,
    draw: (random, label, row) => {
      const own = ranges.get(label) ?? { begin: 0, size: 0 };
      const others = order.length - own.size;
      const few = count <= others / 2;
      if (!few) {
        row.fill(1);
        for (const sample of order.subarray(own.begin, own.begin + own.size)) row[sample] = 0;
      }
      const mark = few ? 1 : 0;
      for (let left = few ? count : others - count; left > 0;) {
        const position = random.integer(others);
        const sample = order[position < own.begin ? position : position + own.size] as number;
        if (row[sample] !== mark) {
          row[sample] = mark;
          left -= 1;
        }
      }
    },
  };
};
