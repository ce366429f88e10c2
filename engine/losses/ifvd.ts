import * as tf from '@tensorflow/tfjs';
import { withoutTape } from '../models/tape';
import { l2Normalize } from './normalize';

/** Which class each position has: `members` one-hot [N, P, K], all zero where the label counts for nothing. */
const membersOf = (labels: tf.Tensor3D, classes: number): tf.Tensor3D =>
  withoutTape(() => {
    const [batch, height, width] = labels.shape;
    const numbers = labels.reshape([batch, height * width, 1]);
    return numbers.equal(tf.range(0, classes, 1, 'int32')).toFloat() as tf.Tensor3D;
  });

/**
 * The cosine between each position's features and the mean features of its class in the same picture; gradients flow
 * through the mean as well.
 * @param features [N, H, W, C]
 * @param members one-hot [N, P, K]
 * @returns [N, P]; a position without a class has 0
 */
const likeness = (features: tf.Tensor4D, members: tf.Tensor3D): tf.Tensor2D => {
  const [batch, height, width, channels] = features.shape;
  const vectors = features.reshape<tf.Tensor3D>([batch, height * width, channels]);
  const counts = members.sum(1).expandDims(2).add(1e-6);
  const means = members.matMul(vectors, true, false).div<tf.Tensor3D>(counts);
  const prototypes = members.matMul(means);
  return l2Normalize(vectors).mul(l2Normalize(prototypes)).sum(-1);
};

/**
 * Intra-class feature variation: mean (m_s − m_t)², m the cosine between a position's features and its class's mean in
 * the same picture. Channels may differ.
 * Wang et al., Intra-class Feature Variation Distillation for Semantic Segmentation (ECCV 2020), equations 1 to 3.
 * @param student [N, H, W, C]
 * @param teacher [N, H, W, C']
 * @param labels [N, H, W], int32, at the size of the maps; numbers from K on count for nothing
 * @param over the published code divides by all positions, also those that count for nothing; `labelled` by the others
 */
export const ifvdLoss = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  labels: tf.Tensor3D,
  classes: number,
  over: 'labelled' | 'all',
): tf.Scalar => {
  const members = membersOf(labels, classes);
  const total = likeness(student, members).squaredDifference(likeness(teacher, members)).sum();
  return total.div(over === 'all' ? labels.size : members.sum().maximum(1)).asScalar();
};
