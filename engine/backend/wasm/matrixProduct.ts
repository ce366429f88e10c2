import * as tf from '@tensorflow/tfjs';
import { convolve, filterGradient, pack, type Maps, type Pair } from './convolve';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type KernelCall } from './replaceKernel';

interface Product {
  a: number;
  b: number;
  bias: number;
  relu: boolean;
  out: number;
  /** out is [rows, columns], the sum over `depth`. */
  rows: number;
  depth: number;
  columns: number;
  transposeA: boolean;
  transposeB: boolean;
}

const here: Pair = [0, 0];
const each: Pair = [1, 1];

/** a · b: a convolution whose pixels are the rows of a. */
const multiply = (kernels: KernelModule, product: Product): void => {
  const { a, b, bias, relu, out, rows, depth, columns, transposeB } = product;
  const steps = transposeB ? { rowStep: 1, columnStep: depth } : { rowStep: columns, columnStep: 1 };
  const filter = pack(kernels, { from: b, groupOffsets: [0], rows: depth, columns, ...steps });
  convolve(kernels, {
    ...{ x: a, filter, bias, relu, out, batch: 1, taps: [here] },
    ...{ input: [1, rows, depth], output: [1, rows, columns], grid: [1, rows] },
    ...{ inStep: each, outStep: each, outOrigin: here },
  });
};

/** Rows of pixels short enough for the cache, where the depth can be cut so. */
const cut = (depth: number): Pair => {
  const width = [64, 32, 16, 8].find((candidate) => depth % candidate === 0) ?? depth;
  return [depth / width, width];
};

/** aᵀ · b: the filter gradient of a convolution whose pixels are the rows of a and b. */
const multiplyTransposed = (kernels: KernelModule, product: Product): void => {
  const [height, width] = cut(product.depth);
  const input: Maps = [height, width, product.rows];
  const output: Maps = [height, width, product.columns];
  const { a, b, out } = product;
  filterGradient(kernels, { x: a, dy: b, out, batch: 1, input, output, taps: [here], step: each });
};

interface Shapes {
  batch: number[];
  rows: number;
  depth: number;
  columns: number;
}

const shapesOf = (call: KernelCall): Shapes => {
  const [a, b] = [call.input('a').shape, call.input('b').shape];
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2));
  const [aRows, aColumns] = a.slice(-2) as [number, number];
  const [bRows, bColumns] = b.slice(-2) as [number, number];
  const [rows, depth] = call.attribute('transposeA') ? [aColumns, aRows] : [aRows, aColumns];
  return { batch, rows, depth, columns: call.attribute('transposeB') ? bRows : bColumns };
};

/** Which matrix of a batched operand belongs to a matrix of the result; operands repeat along axes of extent 1. */
const matrixAt = (batch: readonly number[], operand: readonly number[], index: number): number => {
  let [rest, position, scale] = [index, 0, 1];
  for (let axis = 1; axis <= batch.length; axis++) {
    const coordinate = rest % (batch.at(-axis) ?? 1);
    rest = Math.floor(rest / (batch.at(-axis) ?? 1));
    const extent = axis <= operand.length ? (operand.at(-axis) ?? 1) : 1;
    position += (extent === 1 ? 0 : coordinate) * scale;
    scale *= extent;
  }
  return position;
};

const transposed = (call: KernelCall, x: tf.TensorInfo): tf.TensorInfo => {
  const axes = x.shape.map((_, axis) => axis);
  return call.run('Transpose', { x }, { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
};

const product = (kernels: KernelModule, call: KernelCall, relu: boolean): tf.TensorInfo => {
  const { batch, ...extents } = shapesOf(call);
  const flags = {
    transposeA: call.attribute<boolean>('transposeA'),
    transposeB: call.attribute<boolean>('transposeB'),
  };
  const [givenA, b, bias] = [call.input('a'), call.input('b'), call.optional('bias')];
  // The kernel for a transposed left side has neither bias nor a transposed right side.
  const mustTranspose = flags.transposeA && (flags.transposeB || Boolean(bias) || relu);
  const a = mustTranspose ? transposed(call, givenA) : givenA;
  const out = call.output([...batch, extents.rows, extents.columns]);
  const run = flags.transposeA && !mustTranspose ? multiplyTransposed : multiply;
  for (let index = 0; index < tf.util.sizeFromShape(batch); index++) {
    const at = (operand: tf.TensorInfo, values: number) =>
      call.address(operand) + 4 * values * matrixAt(batch, operand.shape.slice(0, -2), index);
    run(kernels, {
      ...{ a: at(a, extents.rows * extents.depth), b: at(b, extents.depth * extents.columns) },
      ...{ bias: bias ? call.address(bias) : 0, relu },
      ...{ out: call.address(out) + 4 * index * extents.rows * extents.columns, ...extents, ...flags },
    });
  }
  if (mustTranspose) call.release(a);
  return out;
};

const isFloat = (call: KernelCall): boolean =>
  call.input('a').dtype === 'float32' && call.input('b').dtype === 'float32';

const isPlain = (call: KernelCall): boolean => {
  const { columns } = shapesOf(call);
  const bias = call.optional('bias');
  return (
    isFloat(call) &&
    ['linear', 'relu', undefined].includes(call.attribute<string | undefined>('activation')) &&
    !call.optional('preluActivationWeights') &&
    (!bias || (bias.shape.length === 1 && bias.shape[0] === columns))
  );
};

/** Matrix products, with either side transposed; tfjs's own is 30 times as slow where one is. */
export const registerMatrixProduct = (kernels: KernelModule): void => {
  replaceKernel(
    'BatchMatMul',
    (stock) => (call) => (isFloat(call) ? product(kernels, call, false) : stock(call)),
  );
  replaceKernel(
    '_FusedMatMul',
    (stock) => (call) =>
      isPlain(call) ? product(kernels, call, call.attribute('activation') === 'relu') : stock(call),
  );
};
