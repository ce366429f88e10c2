import type * as tf from '@tensorflow/tfjs';

/** Mean of (ẑ − y)² over batch and outputs. @param outputs and values [N, outputs] */
export const squaredError = (outputs: tf.Tensor, values: tf.Tensor2D): tf.Scalar =>
  outputs.reshape(values.shape).sub(values).square().mean().asScalar();

/**
 * Huber's loss with δ = 1, the mean over batch and outputs: e²/2 up to |e| = 1, |e| − 1/2 beyond.
 * @param outputs and values [N, outputs]
 */
export const huberError = (outputs: tf.Tensor, values: tf.Tensor2D): tf.Scalar => {
  const error = outputs.reshape(values.shape).sub(values).abs();
  const near = error.minimum(1);
  return near.square().mul(0.5).add(error.sub(near)).mean().asScalar();
};
