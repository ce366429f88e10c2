import * as tf from '@tensorflow/tfjs';
import type { Setup, Step } from './method';

/** A loss on logits [N, K], averaged over all teachers of the run. */
export const meanOverTeachers = (
  setup: Setup,
  step: Step,
  loss: (student: tf.Tensor, teacher: tf.Tensor) => tf.Scalar,
): tf.Scalar => {
  const { logits } = step.student();
  const terms = setup.teachers.map((_, which) => loss(logits, step.teacher(which).logits));
  return tf.addN(terms).div<tf.Scalar>(terms.length);
};
