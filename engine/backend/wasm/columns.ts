import type { KernelModule } from './kernelModule';
import type { Job } from './kernelRunner';

const channelTile = 16;
/** Values that one task of an elementwise kernel does. */
const valuesPerTask = 16_384;

/** A tensor seen as a matrix: [rows, channels]. */
export interface Matrix {
  rows: number;
  channels: number;
}

const reduction = ({ rows, channels }: Matrix): Job => ({
  tasks: Math.ceil(channels / channelTile),
  operations: rows * channels,
});

/** sums = the sum of x over the rows. */
export const sumColumns = (kernels: KernelModule, x: number, sums: number, matrix: Matrix): void =>
  kernels.run('columnSums', reduction(matrix), [x, x, 0, sums, 0, matrix.rows, matrix.channels]);

/** sums = the sum of dy over the rows, products = that of dy * (x - mean). */
export const sumProducts = (
  kernels: KernelModule,
  { x, dy, mean, sums, products }: Record<'x' | 'dy' | 'mean' | 'sums' | 'products', number>,
  matrix: Matrix,
): void => {
  const words = [x, dy, mean, sums, products, matrix.rows, matrix.channels];
  kernels.run('columnSums', reduction(matrix), words);
};

/** Mean and biased variance of each channel. */
export const momentsOfColumns = (
  kernels: KernelModule,
  { x, mean, variance }: Record<'x' | 'mean' | 'variance', number>,
  matrix: Matrix,
): void => {
  const words = [x, x, 0, mean, variance, matrix.rows, matrix.channels];
  kernels.run('columnMoments', reduction(matrix), words);
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

/** out = dy where x > 0, else 0. */
export const reluGradient = (
  kernels: KernelModule,
  { x, dy, out }: Record<'x' | 'dy' | 'out', number>,
  count: number,
): void => {
  const job = { tasks: Math.ceil(count / valuesPerTask), operations: count };
  kernels.run('reluGradient', job, [x, dy, out, count, valuesPerTask]);
};
