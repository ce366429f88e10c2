import { Random } from '../random';
import type { Split } from './dataset';

const sampleSize = (split: Split): number => split.shape.reduce((product, size) => product * size, 1);

/** The samples at `positions`, copied. */
export const gather = (split: Split, positions: Int32Array): Split => {
  const size = sampleSize(split);
  const values =
    split.values instanceof Uint8Array
      ? new Uint8Array(positions.length * size)
      : new Float32Array(positions.length * size);
  const labels = new Int32Array(positions.length);
  positions.forEach((from, to) => {
    values.set(split.values.subarray(from * size, (from + 1) * size), to * size);
    labels[to] = split.labels[from] as number;
  });
  return { count: positions.length, shape: split.shape, values, labels };
};

/** Positions of each class, shuffled. */
const byClass = (labels: Int32Array, random: Random): number[][] => {
  const classes: number[][] = [];
  for (const position of random.permutation(labels.length)) {
    (classes[labels[position] as number] ??= []).push(position);
  }
  return classes.filter((members) => members !== undefined);
};

/** How many of each class to take so that they add up to `wanted`, in proportion: largest remainders win. */
const shares = (sizes: readonly number[], wanted: number): number[] => {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (size * wanted) / total);
  const taken = exact.map(Math.floor);
  const byRemainder = exact
    .map((share, which) => ({ which, remainder: share - Math.floor(share) }))
    .sort((one, other) => other.remainder - one.remainder || one.which - other.which);
  const missing = wanted - taken.reduce((sum, count) => sum + count, 0);
  for (const { which } of byRemainder.slice(0, missing)) taken[which] = (taken[which] as number) + 1;
  return taken;
};

/**
 * Divides 0 .. labels.length - 1 into `wanted` chosen positions and the rest, both ascending.
 * Stratified: every class is chosen from in proportion to its size. The same seed and name choose the same samples.
 */
export const choose = (
  labels: Int32Array,
  wanted: number,
  name: string,
): { chosen: Int32Array; rest: Int32Array } => {
  const classes = byClass(labels, new Random(name));
  const counts = shares(
    classes.map((members) => members.length),
    wanted,
  );
  const part = (take: (members: number[], count: number) => number[]): Int32Array =>
    Int32Array.from(classes.flatMap((members, which) => take(members, counts[which] as number))).sort();
  return {
    chosen: part((members, count) => members.slice(0, count)),
    rest: part((members, count) => members.slice(count)),
  };
};

/** How many of `count` samples a share of them is: at least one on each side where the share is not zero. */
export const shareOf = (count: number, share: number): number =>
  share === 0 ? 0 : Math.min(count - 1, Math.max(1, Math.round(count * share)));
