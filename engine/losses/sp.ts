import type * as tf from '@tensorflow/tfjs';
import { l2Normalize } from './normalize';

/**
 * How alike the samples of a batch are: F·Fᵀ with rows of unit length.
 * @param features [N, ...], flattened to [N, D]
 * @returns [N, N]
 */
export const batchSimilarity = (features: tf.Tensor): tf.Tensor2D => {
  const rows = features.reshape([features.shape[0] as number, -1]) as tf.Tensor2D;
  return l2Normalize(rows.matMul(rows, false, true)) as tf.Tensor2D;
};

/**
 * Similarity preserving: ‖G(Ft) − G(Fs)‖²_F / N². Any two shapes with one batch size.
 * Tung and Mori, Similarity-Preserving Knowledge Distillation (ICCV 2019).
 * @param student [N, ...]
 * @param teacher [N, ...]
 */
export const spLoss = (student: tf.Tensor, teacher: tf.Tensor): tf.Scalar =>
  batchSimilarity(student).squaredDifference(batchSimilarity(teacher)).mean().asScalar();
