import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { canFuseBatchNorm, fusedBatchNorm } from '../../engine/backend/fusedBatchNorm';
import { installedRuntimes } from '../../engine/backend/runtime';

const installed = installedRuntimes().length > 0;
if (!installed) console.warn('Skipped: TensorFlow is not installed; run `retort backends --install`.');

const epsilon = 1e-3;
const axesOf = (x: tf.Tensor): number[] => x.shape.slice(0, -1).map((_, axis) => axis);

const composed = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, axesOf(x));
  const scale = gamma.mul(tf.rsqrt(variance.add(epsilon)));
  return x.sub(mean).mul(scale).add(beta);
};

const fused = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor => {
  const { normalised, mean, variance } = fusedBatchNorm(x, gamma, beta, epsilon);
  tf.dispose([mean, variance]);
  return normalised;
};

const largestGap = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? NaN);

const inputs = (shape: number[]): [tf.Tensor, tf.Tensor, tf.Tensor] => {
  const channels = [shape.at(-1) ?? 1];
  return [
    tf.randomNormal(shape, 0.3, 1.5, 'float32', 1),
    tf.randomNormal(channels, 1, 0.3, 'float32', 2),
    tf.randomNormal(channels, 0, 0.3, 'float32', 3),
  ];
};

const backends = installed ? (['tensorflow', 'wasm'] as const) : (['wasm'] as const);

describe.each(backends)('fused batch normalisation on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each([
    ['maps', [8, 5, 7, 6]],
    ['vectors', [32, 10]],
    ['a single value a channel', [1, 4]],
  ])('equals the composed one in value and gradients on %s', (_, shape) => {
    const all = inputs(shape);
    // Small upstream gradients keep the sums over the batch near one, where 1e-5 is a fair bound.
    const dy = tf.randomNormal(shape, 0, 0.05, 'float32', 4);
    expect(largestGap(composed(...all), fused(...all))).toBeLessThan(1e-5);
    const expected = tf.grads(composed)(all, dy);
    const actual = tf.grads(fused)(all, dy);
    actual.forEach((gradient, index) => {
      expect(gradient.shape).toEqual(all[index]?.shape);
      expect(largestGap(gradient, expected[index] ?? tf.scalar(NaN))).toBeLessThan(1e-5);
    });
  });

  it('gives the batch’s mean and biased variance, as tfjs-layers keeps them', () => {
    const [x, gamma, beta] = inputs([4, 3, 3, 5]);
    const { mean, variance } = fusedBatchNorm(x, gamma, beta, epsilon);
    const moments = tf.moments(x, [0, 1, 2]);
    expect(largestGap(mean, moments.mean)).toBeLessThan(1e-5);
    expect(largestGap(variance, moments.variance)).toBeLessThan(1e-5);
  });

  it('leaves only its three outputs behind, also under a gradient', () => {
    const [x, gamma, beta] = inputs([4, 3, 3, 5]);
    const before = tf.memory().numTensors;
    const outputs = fusedBatchNorm(x, gamma, beta, epsilon);
    expect(tf.memory().numTensors - before).toBe(3);
    tf.dispose([outputs.normalised, outputs.mean, outputs.variance]);
    tf.dispose(tf.grads(fused)([x, gamma, beta], tf.onesLike(x)));
    expect(tf.memory().numTensors - before).toBe(1);
  });

  it('repeats bit for bit', () => {
    const all = inputs([32, 14, 14, 16]);
    const once = (): string => {
      const gradients = tf.grads(fused)(all, all[0]);
      return gradients.map((one) => Buffer.from(one.dataSync().buffer).toString('base64')).join();
    };
    const first = once();
    for (let run = 0; run < 3; run++) expect(once()).toBe(first);
  });

  it('is not offered on cpu', async () => {
    expect(canFuseBatchNorm()).toBe(true);
    await useBackend('cpu');
    expect(canFuseBatchNorm()).toBe(false);
    await useBackend(backend);
  });
});
