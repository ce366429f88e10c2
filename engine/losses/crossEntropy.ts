import * as tf from '@tensorflow/tfjs';

/**
 * Cross-entropy with class numbers: −(1/N) Σₙ log softmax(z)ₙ[yₙ].
 * @param logits [N, K], before any softmax
 * @param labels [N], int32
 */
export const crossEntropy = (logits: tf.Tensor, labels: tf.Tensor1D): tf.Scalar => {
  const picked = tf.oneHot(labels, logits.shape[1] as number).toFloat();
  return picked.mul(tf.logSoftmax(logits)).sum(-1).neg().mean().asScalar();
};
