import type * as tf from '@tensorflow/tfjs';
import { l2Normalize } from './normalize';
import { poolToSmaller } from './resample';

/** Cosines between all rows: [N, A, B] to [N, A, A]. */
const correlation = (rows: tf.Tensor3D): tf.Tensor3D => {
  const unit = l2Normalize(rows) as tf.Tensor3D;
  return unit.matMul(unit, false, true) as tf.Tensor3D;
};

const positions = (features: tf.Tensor4D): tf.Tensor3D => {
  const [batch, height, width, channels] = features.shape;
  return features.reshape([batch, height * width, channels]);
};

/**
 * Channel and spatial correlation: mean (ΔGc)² + mean (ΔGs)², where Gc [C, C] are the cosines between channels and
 * Gs [P, P] those between positions. The larger map is average-pooled to the smaller.
 * After Park and Heo, Knowledge Distillation for Semantic Segmentation Using Channel and Spatial Correlations and
 * Adaptive Cross Entropy (Sensors 2020); its exact normalisation is not known, this one is Retort's.
 * @param student [N, H, W, C], already adapted
 * @param teacher [N, H', W', C]
 */
export const cscLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Scalar => {
  const [own, its] = poolToSmaller(student, teacher).map(positions) as [tf.Tensor3D, tf.Tensor3D];
  const difference = (a: tf.Tensor3D, b: tf.Tensor3D): tf.Tensor =>
    correlation(a).squaredDifference(correlation(b)).mean();
  const channels = difference(own.transpose([0, 2, 1]), its.transpose([0, 2, 1]));
  return channels.add(difference(own, its)).asScalar();
};
