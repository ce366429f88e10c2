import * as tf from '@tensorflow/tfjs';
import { averagePoolTo, resizeBilinearTo } from '../losses/resample';
import type { Module } from '../methods/method';
import { normaliseBatch } from '../models/batchNorm';
import { withoutTape } from '../models/tape';
import type { Random } from '../random';
import { constantWeights, heKernel, uniformWeights } from './initial';

const normMomentum = 0.9;
const normEpsilon = 1e-5;

/** A convolution without bias: `same` with stride 1, or as `geometry` says. Maps [N, H, W, in] to [N, H', W', out]. */
export interface ConvGeometry {
  size: number;
  kind: 'same' | 'valid' | 'half' | 'double';
}

/** x·W + b along the last axis: [N, in] to [N, out]. */
export const linear = (inputs: number, outputs: number, random: Random, name: string): Module => {
  const weights = uniformWeights([inputs, outputs], inputs, random);
  const bias = uniformWeights([outputs], inputs, random);
  return {
    variables: new Map([
      [`${name}/weights`, weights],
      [`${name}/bias`, bias],
    ]),
    apply: (x) => x.matMul(weights).add(bias),
  };
};

const convolve = (x: tf.Tensor4D, kernel: tf.Tensor4D, { kind }: ConvGeometry): tf.Tensor4D => {
  switch (kind) {
    case 'same':
      return tf.conv2d(x, kernel, 1, 'same');
    case 'valid':
      return tf.conv2d(x, kernel, 1, 'valid');
    case 'half':
      // One row and column of zeros on every side, not only at the end as `same` would.
      return tf.conv2d(tf.pad4d(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), kernel, 2, 'valid'); // prettier-ignore
    case 'double': {
      const [batch, height, width] = x.shape;
      const shape: [number, number, number, number] = [batch, 2 * height, 2 * width, kernel.shape[2]];
      return tf.conv2dTranspose(x, kernel, shape, 2, 'same');
    }
  }
};

export const conv = (
  inputs: number,
  outputs: number,
  geometry: ConvGeometry,
  random: Random,
  name: string,
): Module => {
  const { size, kind } = geometry;
  const channels: [number, number] = kind === 'double' ? [outputs, inputs] : [inputs, outputs];
  const kernel = heKernel([size, size, ...channels], random);
  return {
    variables: new Map([[`${name}/kernel`, kernel]]),
    apply: (x) => convolve(x as tf.Tensor4D, kernel as tf.Variable<tf.Rank.R4>, geometry),
  };
};

/**
 * Batch normalisation over all axes but the last: with the batch's own mean and variance in training, which also move
 * the running ones (9 parts old, 1 part new), and with the running ones otherwise.
 */
export const batchNorm = (channels: number, name: string): Module => {
  const gamma = constantWeights([channels], 1);
  const beta = constantWeights([channels], 0);
  const runningMean = constantWeights([channels], 0, false);
  const runningVariance = constantWeights([channels], 1, false);
  const move = (running: tf.Variable, now: tf.Tensor): void =>
    tf.tidy(() => running.assign(running.mul(normMomentum).add(now.mul(1 - normMomentum))));
  return {
    variables: new Map([
      [`${name}/gamma`, gamma],
      [`${name}/beta`, beta],
    ]),
    statistics: new Map([
      [`${name}/mean`, runningMean],
      [`${name}/variance`, runningVariance],
    ]),
    apply: (x, training) => {
      if (!training) {
        return tf.batchNorm(x, runningMean, runningVariance, beta, gamma, normEpsilon);
      }
      const axes = x.shape.slice(0, -1).map((_, axis) => axis);
      const moments = withoutTape(() => tf.moments(x, axes));
      withoutTape(() => {
        move(runningMean, moments.mean);
        move(runningVariance, moments.variance);
      });
      return normaliseBatch(x, moments, gamma, beta, normEpsilon);
    },
  };
};

export const relu: Module = { variables: new Map(), apply: (x) => x.relu() };

/**
 * Picks channels: output channel j is input channel `channels[j]`. A product with zeros and ones, so that its gradient
 * is there on every backend.
 */
export const pickChannels = (channels: readonly number[], inputs: number): Module => ({
  variables: new Map(),
  apply: (x) => {
    const picks = new Float32Array(inputs * channels.length);
    channels.forEach((from, to) => (picks[from * channels.length + to] = 1));
    const flat = x.reshape([-1, inputs]).matMul(tf.tensor2d(picks, [inputs, channels.length]));
    return flat.reshape([...x.shape.slice(0, -1), channels.length]);
  },
});

/** [N, H, W, C] brought to another size: averaged over cells along an axis that shrinks, interpolated along one that grows. */
export const resizeMap = (height: number, width: number): Module => ({
  variables: new Map(),
  apply: (x) => {
    const map = x as tf.Tensor4D;
    const [, fromHeight, fromWidth] = map.shape;
    const pooled = averagePoolTo(map, Math.min(height, fromHeight), Math.min(width, fromWidth));
    return resizeBilinearTo(pooled, height, width);
  },
});

/** Modules one after the other, as one. */
export const sequence = (...modules: Module[]): Module => ({
  variables: new Map(modules.flatMap((module) => [...module.variables])),
  statistics: new Map(modules.flatMap((module) => [...(module.statistics ?? [])])),
  apply: (x, training) => modules.reduce((value, module) => module.apply(value, training), x),
});
