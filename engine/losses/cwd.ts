import type * as tf from '@tensorflow/tfjs';
import { softenedDivergence } from './kd';

/** [N, H, W, C] to [N, C, H·W]: each channel's map as the last axis, the only one that softmax takes. */
const channelMaps = (features: tf.Tensor4D): tf.Tensor3D => {
  const [batch, height, width, channels] = features.shape;
  return features.transpose([0, 3, 1, 2]).reshape([batch, channels, height * width]);
};

/**
 * Channel-wise distillation: each channel is a distribution over positions, φ = softmax_P(F / T);
 * T² / (N·C) · Σ_{n,c} KL(φt ‖ φs).
 * Shu et al., Channel-wise Knowledge Distillation for Dense Prediction (ICCV 2021).
 * @param student [N, H, W, C], already adapted and resized
 * @param teacher the same shape
 */
export const cwdLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D, temperature: number): tf.Scalar =>
  softenedDivergence(channelMaps(student), channelMaps(teacher), temperature)
    .mean()
    .mul(temperature * temperature)
    .asScalar();
