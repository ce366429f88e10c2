import * as tf from '@tensorflow/tfjs';
import type { Random } from '../random';

const filled = (shape: number[], draw: () => number): tf.Variable => {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, draw);
  return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
};

/** A convolution's kernel [height, width, in, out], normal with He's deviation for the fan-out. */
export const heKernel = (shape: [number, number, number, number], random: Random): tf.Variable => {
  const deviation = Math.sqrt(2 / (shape[0] * shape[1] * shape[3]));
  return filled(shape, () => deviation * random.normal());
};

/** Weights of a linear map, or its bias: uniform within ±1/√inputs. */
export const uniformWeights = (shape: number[], inputs: number, random: Random): tf.Variable => {
  const bound = 1 / Math.sqrt(inputs);
  return filled(shape, () => bound * (2 * random.uniform() - 1));
};

/** One value everywhere. */
export const constantWeights = (shape: number[], value: number, trainable = true): tf.Variable =>
  tf.tidy(() => tf.variable(tf.fill(shape, value), trainable));
