import type { Random } from '../training/random';

/** Draws samples of other classes, without repetition, from memory that grows with the samples alone. */
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

/** Marks `count` different positions of 0 .. size − 1 with `mark`, by drawing again what is marked already. */
const markDifferent = (
  random: Random,
  size: number,
  count: number,
  isMarked: (position: number) => boolean,
  mark: (position: number) => void,
): void => {
  for (let left = count; left > 0;) {
    const position = random.integer(size);
    if (!isMarked(position)) {
      mark(position);
      left -= 1;
    }
  }
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
      const sampleAt = (position: number): number =>
        order[position < own.begin ? position : position + own.size] as number;
      const drawn = (value: number) => ({
        is: (position: number) => row[sampleAt(position)] === value,
        set: (position: number) => {
          row[sampleAt(position)] = value;
        },
      });
      const [taken, left] = [drawn(1), drawn(0)];
      if (count <= others / 2) {
        markDifferent(random, others, count, taken.is, taken.set);
        return;
      }
      for (let position = 0; position < others; position++) {
        taken.set(position);
      }
      markDifferent(random, others, others - count, left.is, left.set);
    },
  };
};
