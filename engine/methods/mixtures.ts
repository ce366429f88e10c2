import * as tf from '@tensorflow/tfjs';
import type { Random } from '../random';

/** Gamma distributed with scale 1 (Marsaglia and Tsang 2000); below 1 by way of shape + 1. */
const gamma = (shape: number, random: Random): number => {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random.uniform()) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < x * x / 2 + d - d * v + d * Math.log(v)) return d * v; // prettier-ignore
  }
};

/** Beta(alpha, alpha) distributed, in [0, 1]. */
export const symmetricBeta = (alpha: number, random: Random): number => {
  const [a, b] = [gamma(alpha, random), gamma(alpha, random)];
  return a + b > 0 ? a / (a + b) : random.integer(2);
};

/** What one batch is mixed by: one share for all samples, and each sample's partner. */
export const drawMixture = (alpha: number, size: number, random: Random) => ({
  lambda: tf.scalar(symmetricBeta(alpha, random)),
  partners: tf.tensor1d(random.permutation(size), 'int32'),
});
