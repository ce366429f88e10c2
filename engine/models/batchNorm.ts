import * as tf from '@tensorflow/tfjs';
import { canFuseBatchNorm, fusedBatchNorm } from '../backend/fusedBatchNorm';
import { withoutTape } from './tape';

type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor | tf.Tensor[];

interface BatchNormLayer {
  axis: number | [number];
  momentum: number;
  epsilon: number;
  gamma?: tf.LayerVariable;
  beta?: tf.LayerVariable;
  movingMean: tf.LayerVariable;
  movingVariance: tf.LayerVariable;
  call: Call;
}

const scaleAndOffset = (layer: BatchNormLayer, channels: number) => ({
  gamma: layer.gamma?.read() ?? tf.ones([channels]),
  beta: layer.beta?.read() ?? tf.zeros([channels]),
});

const batchNorm = (
  x: tf.Tensor,
  { mean, variance }: Moments,
  scale: tf.Tensor | undefined,
  offset: tf.Tensor | undefined,
  epsilon: number,
): tf.Tensor =>
  tf.batchNorm(
    x as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
    epsilon,
  );

interface Moments {
  /** [channels] */
  mean: tf.Tensor;
  /** [channels], biased. */
  variance: tf.Tensor;
}

/** dx, dgamma, dbeta; see {@link normaliseBatch}. */
const gradients = (dy: tf.Tensor, x: tf.Tensor, gamma: tf.Tensor, moments: Moments, epsilon: number) => {
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const count = x.size / gamma.size;
  const normalised = batchNorm(x, moments, undefined, undefined, epsilon);
  const dBeta = tf.sum(dy, axes);
  const dGamma = tf.sum(tf.mul(dy, normalised), axes);
  const scale = tf.mul(gamma, tf.rsqrt(tf.add(moments.variance, epsilon)));
  const share = tf.mul(scale, -1 / count);
  const dx = tf.add(
    tf.mul(dy, scale),
    batchNorm(x, moments, tf.mul(share, dGamma), tf.mul(share, dBeta), epsilon),
  );
  return [dx, dGamma, dBeta];
};

/**
 * Batch normalisation with the batch's own statistics (Ioffe and Szegedy, 2015) over all axes but the last, with its
 * gradient in closed form: with x̂ = (x - mean) / sqrt(variance + epsilon) and N values a channel,
 * dx = gamma / sqrt(variance + epsilon) * (dy - sum(dy) / N - x̂ * sum(dy * x̂) / N).
 * `x` is [batch, …, channels], up to four axes; the others are [channels]. `moments` must be those of `x`.
 */
export const normaliseBatch = (
  x: tf.Tensor,
  moments: Moments,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon: number,
): tf.Tensor => {
  const normalise = tf.customGrad((...args) => {
    const [input, scale, offset, save] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([input, scale, moments.mean, moments.variance]);
    return {
      value: batchNorm(input, moments, scale, offset, epsilon),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [kept, keptScale, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        return gradients(dy, kept, keptScale, { mean, variance }, epsilon);
      },
    };
  });
  return normalise(x, gamma, beta);
};

const updateAverage = (average: tf.LayerVariable, value: tf.Tensor, momentum: number): void => {
  const old = average.read();
  average.write(tf.sub(old, tf.mul(tf.sub(old, value), 1 - momentum)));
};

const keepStatistics = (layer: BatchNormLayer, moments: Moments): void =>
  withoutTape(() => {
    updateAverage(layer.movingMean, moments.mean, layer.momentum);
    updateAverage(layer.movingVariance, moments.variance, layer.momentum);
  });

const fusedCall = (layer: BatchNormLayer, x: tf.Tensor): tf.Tensor => {
  const { gamma, beta } = scaleAndOffset(layer, x.shape.at(-1) ?? 0);
  const { normalised, ...moments } = fusedBatchNorm(x, gamma, beta, layer.epsilon);
  keepStatistics(layer, moments);
  tf.dispose([moments.mean, moments.variance]);
  return normalised;
};

const trainingCall = (layer: BatchNormLayer, x: tf.Tensor): tf.Tensor =>
  tf.tidy(() => {
    if (canFuseBatchNorm()) return fusedCall(layer, x);
    const axes = x.shape.slice(0, -1).map((_, axis) => axis);
    const moments = withoutTape(() => tf.moments(x, axes));
    keepStatistics(layer, moments);
    const { gamma, beta } = scaleAndOffset(layer, x.shape.at(-1) ?? 0);
    return normaliseBatch(x, moments, gamma, beta, layer.epsilon);
  });

const isLastAxis = (layer: BatchNormLayer, rank: number): boolean => {
  const axis = Array.isArray(layer.axis) ? layer.axis[0] : layer.axis;
  return axis === -1 || axis === rank - 1;
};

/**
 * Gives a tfjs batch-normalisation layer a training step with few operations; tfjs's own keeps thirty for the backward
 * pass, and fails where the layer has no gamma or no beta.
 */
export const speedUpBatchNorm = (layer: tf.layers.Layer): void => {
  const batchNormLayer = layer as unknown as BatchNormLayer;
  const original: Call = batchNormLayer.call.bind(layer);
  batchNormLayer.call = (inputs, kwargs) => {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const isOurs = kwargs.training === true && x && x.rank <= 4 && isLastAxis(batchNormLayer, x.rank);
    return isOurs ? trainingCall(batchNormLayer, x) : original(inputs, kwargs);
  };
};
