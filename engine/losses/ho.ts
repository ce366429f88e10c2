import * as tf from '@tensorflow/tfjs';

/**
 * What the student minimises: −mean D(s), a class map that the critic takes for the teacher's.
 * Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019), equation 4.
 * @param ofStudent the critic's values [N] of the student's logits
 */
export const adversarialLoss = (ofStudent: tf.Tensor): tf.Scalar => ofStudent.mean().neg().asScalar();

/** What a hinge critic minimises: mean relu(1 − D(t)) + mean relu(1 + D(s)). */
export const hingeLoss = (ofTeacher: tf.Tensor, ofStudent: tf.Tensor): tf.Scalar =>
  tf.sub(1, ofTeacher).relu().mean().add(ofStudent.add(1).relu().mean()).asScalar();

/** What a Wasserstein critic minimises, beside its gradient penalty: −mean D(t) + mean D(s). */
export const wassersteinLoss = (ofTeacher: tf.Tensor, ofStudent: tf.Tensor): tf.Scalar =>
  ofStudent.mean().sub(ofTeacher.mean()).asScalar();

/**
 * mean (‖∇D(x)‖₂ − 1)², the norm over all elements of a sample. Second derivatives flow into the critic's weights.
 * Gulrajani et al., Improved Training of Wasserstein GANs (NeurIPS 2017), equation 3.
 * @param judge the critic, to one value a sample [N]; its gradient must itself have gradients
 * @param x points between the teacher's and the student's logits [N, …]
 */
export const gradientPenalty = (judge: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor): tf.Scalar => {
  const slope = tf.grad((values) => judge(values).sum())(x);
  const norms = slope
    .reshape([x.shape[0] as number, -1])
    .square()
    .sum(1)
    .maximum(1e-24)
    .sqrt();
  return norms.sub(1).square().mean().asScalar();
};
