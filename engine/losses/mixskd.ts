import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from './crossEntropy';
import { detach } from './gradient';
import { kdLoss } from './kd';

/** λ a + (1 − λ) b: the mixture of two samples, or of what a network makes of them. */
export const mixture = <T extends tf.Tensor>(a: T, b: T, lambda: tf.Scalar): T =>
  a.mul<T>(lambda).add(b.mul(tf.sub(1, lambda)));

/**
 * λ · CE(z̃, ya) + (1 − λ) · CE(z̃, yb), the cross-entropy of mixed samples.
 * @param logits z̃ [N, K]
 */
export const mixedCrossEntropy = (
  logits: tf.Tensor,
  a: tf.Tensor1D,
  b: tf.Tensor1D,
  lambda: tf.Scalar,
): tf.Scalar => mixture(crossEntropy(logits, a), crossEntropy(logits, b), lambda);

/** Logits [N, K] of one head: the mixture of its predictions, and its prediction of the mixture. */
export interface MixedLogits {
  mixture: tf.Tensor;
  mixed: tf.Tensor;
}

/**
 * T² KL_T(targets.mixed ‖ head.mixture) + T² KL_T(targets.mixture ‖ head.mixed), the targets constant. With the head as its
 * own target this is the consistency of an auxiliary head; with the self-teacher as target, that of the final head, whose
 * mixture of predictions imitates the self-teacher's prediction of the mixture and the other way round.
 * Yang et al., MixSKD: Self-Knowledge Distillation from Mixup for Image Recognition (ECCV 2022).
 */
export const mixConsistency = (head: MixedLogits, targets: MixedLogits, temperature: number): tf.Scalar =>
  kdLoss(head.mixture, detach(targets.mixed), temperature).add(
    kdLoss(head.mixed, detach(targets.mixture), temperature),
  );

/** Mean of (F̂ − F̃)² over all elements: mixture of features and features of the mixture. */
export const mixFeatureLoss = (ofMixture: tf.Tensor, ofMixed: tf.Tensor): tf.Scalar =>
  ofMixture.squaredDifference(ofMixed).mean().asScalar();

/** −log σ(x), finite for any x. */
const negativeLogSigmoid = (x: tf.Tensor): tf.Tensor => tf.softplus(x.neg());

/**
 * Binary cross-entropy of a discriminator of two outputs, elements averaged: mixtures of features are [1, 0], features of
 * mixtures [0, 1].
 * @param ofMixture [N, 2], before any sigmoid
 * @param ofMixed [N, 2]
 */
export const discrimination = (ofMixture: tf.Tensor2D, ofMixed: tf.Tensor2D): tf.Scalar => {
  const signs = tf.tensor2d([[1, -1]]);
  return tf
    .concat([negativeLogSigmoid(ofMixture.mul(signs)), negativeLogSigmoid(ofMixed.mul(signs.neg()))])
    .mean()
    .asScalar();
};
