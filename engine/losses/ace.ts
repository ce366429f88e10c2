import * as tf from '@tensorflow/tfjs';

/**
 * Adaptive cross-entropy: −Σ q log softmax(zs), q = a · p_t + (1 − a) · one-hot, a = p_t[y], the mean over what has a label.
 * After Park and Heo (Sensors 2020), whose mixing is not known; this one is Retort's.
 * @param student logits [..., K]
 * @param teacher logits [..., K]
 * @param labels [...], int32; numbers from K on count for nothing
 */
export const aceLoss = (student: tf.Tensor, teacher: tf.Tensor, labels: tf.Tensor): tf.Scalar => {
  const classes = student.shape.at(-1) as number;
  const picked = labels
    .expandDims(-1)
    .equal(tf.range(0, classes, 1, 'int32'))
    .toFloat();
  const counted = picked.sum(-1);
  const probabilities = tf.softmax(teacher);
  const share = probabilities.mul(picked).sum(-1, true);
  const target = probabilities.mul(share).add(picked.mul(tf.sub(1, share)));
  const losses = target.mul(tf.logSoftmax(student)).sum(-1).neg().mul(counted);
  return losses.sum().div(counted.sum().maximum(1)).asScalar();
};
