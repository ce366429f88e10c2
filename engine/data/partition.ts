import { Random } from '../random';
import type { Split, Target, Targets } from './dataset';

/** The samples' rows at `positions`, copied. */
const rowsAt = ({ shape, values }: Target, positions: Int32Array): Uint8Array | Float32Array => {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const length = positions.length * size;
  const copied = values instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
  positions.forEach((from, to) => copied.set(values.subarray(from * size, (from + 1) * size), to * size));
  return copied;
};

const targetsAt = (targets: Targets, positions: Int32Array): Targets =>
  Object.fromEntries(
    Object.entries(targets).map(([name, target]) => [
      name,
      { shape: target.shape, values: rowsAt(target, positions) },
    ]),
  );

/** The samples at `positions`, copied. */
export const gather = (split: Split, positions: Int32Array): Split => ({
  count: positions.length,
  shape: split.shape,
  values: rowsAt(split, positions),
  labels: positions.map((from) => split.labels[from] as number),
  ...(split.targets ? { targets: targetsAt(split.targets, positions) } : {}),
});

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
