import * as tf from '@tensorflow/tfjs';
import { withoutTape } from '../models/tape';

/**
 * Imitation within proposals: ½ · mean (s − t)² over all elements of all regions (`mean`, EOD), or the sum over each
 * region's elements, halved, the mean over regions (`sum`, the paper).
 * Li, Jin and Yan, Mimicking Very Efficient Network for Object Detection (CVPR 2017), equation 2.
 * @param student [R, ...], already adapted
 * @param teacher the same shape
 * @param counted [R]: 0 for regions that are none
 */
export const proposalLoss = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  counted: tf.Tensor,
  form: 'mean' | 'sum',
): tf.Scalar => {
  const regions = student.shape[0] as number;
  const distances = student.squaredDifference(teacher).reshape([regions, -1]);
  const each = (form === 'mean' ? distances.mean(1) : distances.sum(1)).mul(counted);
  return each.sum().div(counted.sum().maximum(1)).div(2).asScalar();
};

/**
 * Where anchors come near a box: positions with an anchor whose overlap with it exceeds ψ times the largest one.
 * @param overlaps [N, M, P, A] of box m with anchor a at position p
 * @param present [N, M]: 0 for boxes that are none
 * @returns [N, P], 1 near any box
 */
export const nearBoxes = (overlaps: tf.Tensor4D, present: tf.Tensor2D, share: number): tf.Tensor2D =>
  withoutTape(() => {
    const threshold = overlaps.max([2, 3], true).mul(share);
    const near = overlaps.greater(threshold).toFloat().max(3);
    return near.mul(present.expandDims(2)).max(1);
  });

/**
 * Fine-grained imitation: Σ mask · ‖s − t‖² / (2 · number of masked positions), over the batch; 0 without any.
 * Wang et al., Distilling Object Detectors with Fine-grained Feature Imitation (CVPR 2019), equation 2.
 * @param student [N, H, W, C], already adapted
 * @param teacher the same shape
 * @param mask [N, H · W]
 */
export const maskedLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D, mask: tf.Tensor2D): tf.Scalar => {
  const distances = student.squaredDifference(teacher).sum(3).reshape(mask.shape);
  return distances.mul(mask).sum().div(mask.sum().maximum(1).mul(2)).asScalar();
};

const smallest = 1e-12;

/** ‖x‖₂ over everything, with a finite gradient at zero. */
const norm = (x: tf.Tensor): tf.Scalar => x.square().sum().maximum(smallest).sqrt().asScalar();

/**
 * Attention to positions: H · W · softmax of the mean of |F| over channels, divided by T.
 * @param features [N, H, W, C]
 * @returns [N, H · W]
 */
export const positionAttention = (features: tf.Tensor4D, temperature: number): tf.Tensor2D => {
  const [batch, height, width] = features.shape;
  const energy = features
    .abs()
    .mean(3)
    .reshape([batch, height * width]);
  return tf.softmax(energy.div<tf.Tensor2D>(temperature)).mul(height * width);
};

/** Attention to channels: C · softmax of the mean of |F| over positions, divided by T: [N, C]. */
export const channelAttention = (features: tf.Tensor4D, temperature: number): tf.Tensor2D => {
  const energy = features.abs().mean<tf.Tensor2D>([1, 2]);
  return tf.softmax(energy.div<tf.Tensor2D>(temperature)).mul(features.shape[3]);
};

const meanAttention = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  attention: (features: tf.Tensor4D) => tf.Tensor2D,
): tf.Tensor2D => attention(student).add<tf.Tensor2D>(attention(teacher)).div(2);

/**
 * ‖√M ⊙ (s − t)‖₂, M the attention to positions, averaged over both networks and constant; with `channels` times that to
 * channels. A norm: neither squared nor averaged.
 * Zhang and Ma, Improve Object Detection with Feature-based Knowledge Distillation (ICLR 2021), equation 5.
 * @param own the student's map before its adapter, which its attention is read from
 * @param adapted the student's map [N, H, W, C]
 * @param teacher [N, H, W, C]
 */
export const attentiveDistance = (
  own: tf.Tensor4D,
  adapted: tf.Tensor4D,
  teacher: tf.Tensor4D,
  options: { temperature: number; channels: boolean },
): tf.Scalar => {
  const [batch, height, width, channels] = teacher.shape;
  const mask = withoutTape(() => {
    const positions = meanAttention(own, teacher, (map) => positionAttention(map, options.temperature));
    const spatial = positions.reshape([batch, height, width, 1]);
    if (!options.channels) return spatial;
    const each = meanAttention(adapted, teacher, (map) => channelAttention(map, options.temperature));
    return spatial.mul(each.reshape([batch, 1, 1, channels]));
  });
  return adapted.squaredDifference(teacher).mul(mask).sum().maximum(smallest).sqrt().asScalar();
};

/** ‖a − b‖₂ over everything. */
export const distance = (student: tf.Tensor, teacher: tf.Tensor): tf.Scalar => norm(student.sub(teacher));
