import * as tf from '@tensorflow/tfjs';

/** Added to a logit, it takes a class out of a softmax and stays finite. */
const excluded = -1e9;

/**
 * How many positions of a map vote for each class.
 * @param scores class scores at every position [N, P, K]
 * @returns [N, K]
 */
export const denseVotes = (scores: tf.Tensor3D): tf.Tensor2D =>
  tf.oneHot(scores.argMax(-1).toInt(), scores.shape[2]).toFloat().sum(1) as tf.Tensor2D;

/**
 * Zipf's law over the classes but the label: mass 1 / rank, made to sum to 1. A class's rank is one more than the number
 * of classes with more votes, the label's among them; ties share the best rank.
 * @param votes [N, K]
 * @param label one-hot [N, K]
 * @returns [N, K], zero at the label
 */
export const zipfTarget = (votes: tf.Tensor2D, label: tf.Tensor2D): tf.Tensor2D => {
  const above = votes.expandDims(1).greater(votes.expandDims(2)).toFloat().sum(-1);
  const mass = tf.scalar(1).div(above.add(1)).mul(label.neg().add(1));
  return mass.div(mass.sum(-1, true));
};

/**
 * Zipf label smoothing: (1/N) Σₙ KL(p ‖ softmax over the classes but the label), p from {@link zipfTarget}.
 * Liang et al., Efficient One Pass Self-distillation with Zipf's Label Smoothing (ECCV 2022).
 * @param logits [N, K]
 * @param votes [N, K]
 * @param labels [N], int32
 */
export const zipfLoss = (logits: tf.Tensor2D, votes: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar => {
  const label = tf.oneHot(labels, logits.shape[1]).toFloat() as tf.Tensor2D;
  const target = zipfTarget(votes, label);
  const own = tf.logSoftmax(logits.add(label.mul(excluded)));
  const logTarget = target.maximum(1e-30).log();
  return target.mul(logTarget.sub(own)).sum(-1).mean().asScalar();
};
