import * as tf from '@tensorflow/tfjs';

/**
 * KL(σ_T(zt) ‖ σ_T(zs)) along the last axis, for tensors of one shape; the last axis is dropped.
 * Made of log-softmax alone: finite for any logits.
 */
export const softenedDivergence = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  temperature: number | tf.Scalar,
): tf.Tensor => {
  const logStudent = tf.logSoftmax(student.div(temperature));
  const logTeacher = tf.logSoftmax(teacher.div(temperature));
  return logTeacher.exp().mul(logTeacher.sub(logStudent)).sum(-1);
};

/**
 * Soft targets: T² · (1/N) Σₙ KL(σ_T(zt) ‖ σ_T(zs)), summed over classes, mean over the batch.
 * T² keeps the size of the gradient independent of T.
 * Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015), section 2.
 * @param student logits [N, K]
 * @param teacher logits [N, K]
 * @param temperature T, a number or a scalar that is itself trained
 */
export const kdLoss = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  temperature: number | tf.Scalar,
): tf.Scalar => {
  const divergence = softenedDivergence(student, teacher, temperature).mean();
  const squared = typeof temperature === 'number' ? temperature * temperature : temperature.square();
  return divergence.mul(squared).asScalar();
};
