import type { KernelModule } from './kernelModule';
import { valuesPerTask, type Job } from './kernelRunner';

// Of the kernels: how a reduction is cut.
const rowsPerBlock = 128;
const channelsPerBlock = 128;

/** A tensor seen as a matrix: [rows, channels]. */
export interface Matrix {
  rows: number;
  channels: number;
}

const blocksOf = ({ rows }: Matrix): number => Math.ceil(rows / rowsPerBlock);

const partial = (matrix: Matrix): Job => ({
  tasks: blocksOf(matrix) * Math.ceil(matrix.channels / channelsPerBlock),
  operations: matrix.rows * matrix.channels,
});

const total = (matrix: Matrix): Job => ({
  tasks: matrix.channels,
  operations: blocksOf(matrix) * matrix.channels,
});

/** Memory for two values a block and channel. */
const partsOf = (kernels: KernelModule, matrix: Matrix): [first: number, second: number] => {
  const bytes = 4 * blocksOf(matrix) * matrix.channels;
  const first = kernels.scratch('parts', 2 * bytes);
  return [first, first + bytes];
};

/** sums = the sum of x over the rows. */
export const sumColumns = (kernels: KernelModule, x: number, sums: number, matrix: Matrix): void => {
  const { rows, channels } = matrix;
  const [first] = partsOf(kernels, matrix);
  kernels.run('partialSums', partial(matrix), [x, x, 0, first, 0, rows, channels]);
  kernels.run('totalSums', total(matrix), [first, 0, sums, 0, rows, channels]);
};

/** sums = the sum of dy over the rows, products = that of dy * (x - mean). */
export const sumProducts = (
  kernels: KernelModule,
  { x, dy, mean, sums, products }: Record<'x' | 'dy' | 'mean' | 'sums' | 'products', number>,
  matrix: Matrix,
): void => {
  const { rows, channels } = matrix;
  const parts = partsOf(kernels, matrix);
  kernels.run('partialSums', partial(matrix), [x, dy, mean, ...parts, rows, channels]);
  kernels.run('totalSums', total(matrix), [...parts, sums, products, rows, channels]);
};

/** Mean and biased variance of each channel. */
export const momentsOfColumns = (
  kernels: KernelModule,
  { x, mean, variance }: Record<'x' | 'mean' | 'variance', number>,
  matrix: Matrix,
): void => {
  const { rows, channels } = matrix;
  const parts = partsOf(kernels, matrix);
  kernels.run('partialMoments', partial(matrix), [x, x, 0, ...parts, rows, channels]);
  kernels.run('totalMoments', total(matrix), [...parts, mean, variance, rows, channels]);
};

export interface Affine {
  x: number;
  /** 0 for none. */
  y: number;
  out: number;
  /** One value a channel. */
  scale: ArrayLike<number>;
  /** What y is multiplied by. */
  other: ArrayLike<number>;
  shift: ArrayLike<number>;
}

/** out = scale * x + other * y + shift. */
export const affine = (kernels: KernelModule, { x, y, out, ...values }: Affine, matrix: Matrix): void => {
  const { rows, channels } = matrix;
  const scale = kernels.scratch('affine', 3 * channels * 4);
  const [other, shift] = [scale + channels * 4, scale + channels * 8];
  kernels.floats(scale, channels).set(values.scale);
  kernels.floats(other, channels).set(values.other);
  kernels.floats(shift, channels).set(values.shift);
  const block = Math.max(1, Math.floor(valuesPerTask / channels));
  const words = [x, y, scale, other, shift, out, rows, channels, block];
  kernels.run('affine', { tasks: Math.ceil(rows / block), operations: rows * channels }, words);
};
