import * as tf from '@tensorflow/tfjs';
import { fusedBatchNorm } from '../fusedBatchNorm';

const tolerance = 1e-3;

/** Values of both signs without a pattern that a wrong index could repeat. */
const values = (shape: number[], seed: number): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, (_, at) => Math.sin((at + 1) * (seed + 0.7))),
    shape,
  );

const map = (shape: number[], seed: number) => values(shape, seed) as tf.Tensor4D;

interface Check {
  name: string;
  /** Linear in its input, or smooth enough that a small step tells the gradient. */
  compute(x: tf.Tensor): tf.Tensor;
  shape: number[];
}

const normalise = (x: tf.Tensor): tf.Tensor => {
  const channels = [x.shape.at(-1) ?? 1];
  const { normalised, mean, variance } = fusedBatchNorm(x, values(channels, 7), values(channels, 8), 1e-3);
  tf.dispose([mean, variance]);
  return normalised;
};

const checks: Check[] = [
  {
    name: 'matrix product',
    shape: [5, 7],
    compute: (x) => tf.matMul(tf.matMul(x, values([5, 7], 2), true), x, false, true),
  },
  {
    name: 'convolution by its input',
    shape: [2, 6, 5, 3],
    compute: (x) => tf.conv2d(x as tf.Tensor4D, map([3, 3, 3, 10], 2), 2, 'same'),
  },
  {
    name: 'convolution by its filter',
    shape: [3, 2, 5, 9],
    compute: (filter) => tf.conv2d(map([2, 6, 5, 5], 3), filter as tf.Tensor4D, 1, 'same'),
  },
  {
    name: 'convolution in tiles by its input',
    shape: [1, 9, 12, 17],
    compute: (x) => tf.conv2d(x as tf.Tensor4D, map([3, 3, 17, 18], 2), 1, 'same'),
  },
  {
    name: 'convolution in tiles by its filter',
    shape: [3, 3, 17, 18],
    compute: (filter) => tf.conv2d(map([1, 9, 12, 17], 3), filter as tf.Tensor4D, 1, 'same'),
  },
  {
    name: 'depthwise convolution',
    shape: [2, 6, 5, 21],
    compute: (x) => tf.depthwiseConv2d(x as tf.Tensor4D, map([3, 3, 21, 1], 4), 1, 'same'),
  },
  {
    name: 'depthwise convolution by its filter',
    shape: [3, 3, 21, 1],
    compute: (filter) => tf.depthwiseConv2d(map([2, 6, 5, 21], 4), filter as tf.Tensor4D, 2, 'same'),
  },
  { name: 'batch normalisation', shape: [2, 3, 3, 21], compute: normalise },
  {
    name: 'max pooling',
    shape: [2, 6, 6, 5],
    compute: (x) => tf.maxPool(tf.sub(x, 3) as tf.Tensor4D, 2, 2, 'valid'),
  },
];

/** The slope of `f` at x along `direction`, by central difference. */
const slope = (f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, direction: tf.Tensor): number => {
  const step = 1e-2;
  const at = (scale: number): number => f(tf.add(x, tf.mul(direction, scale))).dataSync()[0] ?? NaN;
  return (at(step) - at(-step)) / (2 * step);
};

const passes = ({ compute, shape }: Check): boolean =>
  tf.tidy(() => {
    const [x, direction] = [values(shape, 1), values(shape, 5)];
    const loss = (input: tf.Tensor): tf.Scalar => {
      const out = compute(input);
      return tf.mean(tf.mul(out, values(out.shape, 6)));
    };
    const wanted = slope(loss, x, direction);
    const got = tf.sum(tf.mul(tf.grad(loss)(x), direction)).dataSync()[0] ?? NaN;
    return Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
  });

/**
 * Computes what training needs on the present backend and compares every gradient with finite differences; some
 * milliseconds.
 *
 * @throws Error naming the first that is wrong.
 */
export const selfTest = (): void => {
  for (const check of checks) {
    if (!passes(check)) throw new Error(`its ${check.name} came out wrong`);
  }
};
