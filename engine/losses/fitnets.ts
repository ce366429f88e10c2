import type * as tf from '@tensorflow/tfjs';

/**
 * Hint regression: the mean over all elements of (Fs − Ft)². The paper's constant ½ is left out, as in the
 * implementations whose weight 100 is the default.
 * Romero et al., FitNets: Hints for Thin Deep Nets (ICLR 2015), equation 3.
 * @param student [N, H, W, C] or [N, C], already adapted
 * @param teacher the same shape
 */
export const fitnetsLoss = (student: tf.Tensor, teacher: tf.Tensor): tf.Scalar =>
  student.squaredDifference(teacher).mean().asScalar();
