import type * as tf from '@tensorflow/tfjs';
import { l2Normalize } from './normalize';

/**
 * Regression of directions: (1/N) Σₙ (2 − 2·cos(fs, ft)).
 * Navaneet et al., SimReg: Regression as a Simple Yet Effective Tool for Self-supervised Knowledge Distillation
 * (BMVC 2021).
 * @param student [N, D], after the prediction head
 * @param teacher [N, D]
 */
export const simregLoss = (student: tf.Tensor2D, teacher: tf.Tensor2D): tf.Scalar =>
  l2Normalize(student).squaredDifference(l2Normalize(teacher)).sum(-1).mean().asScalar();
