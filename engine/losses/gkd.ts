import type * as tf from '@tensorflow/tfjs';
import { softenedDivergence } from './kd';

/**
 * Guided soft targets: T² · KL(σ_T(zt) ‖ σ_T(zs)), averaged over the samples that the teacher classifies correctly;
 * zero where there is none.
 * Zhou et al., Channel Distillation (2020).
 * @param student logits [N, K]
 * @param teacher logits [N, K]
 * @param labels [N], int32
 */
export const gkdLoss = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  labels: tf.Tensor1D,
  temperature: number,
): tf.Scalar => {
  const kept = teacher.argMax(-1).toInt().equal(labels).toFloat();
  const divergence = softenedDivergence(student, teacher, temperature).mul(kept).sum();
  return divergence
    .mul(temperature * temperature)
    .div(kept.sum().maximum(1))
    .asScalar();
};
