import type * as tf from '@tensorflow/tfjs';

/**
 * Channel distillation: mean over batch and channels of (GAP(Fs) − GAP(Ft))², GAP the mean over positions.
 * Zhou et al., Channel Distillation: Channel-Wise Attention for Knowledge Distillation (2020).
 * @param student [N, H, W, C], already adapted
 * @param teacher [N, H', W', C]
 */
export const cdLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Scalar =>
  student
    .mean([1, 2])
    .squaredDifference(teacher.mean([1, 2]))
    .mean()
    .asScalar();
