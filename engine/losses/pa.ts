import * as tf from '@tensorflow/tfjs';
import { l2Normalize } from './normalize';
import { poolToSmaller } from './resample';

/** Below any activation, and finite so that no gradient becomes NaN. */
const lowest = -1e30;

/**
 * Max-pools with windows of `height` x `width` side by side; the last window of a row or column may hang over the edge.
 * @param features [N, H, W, C]
 * @returns [N, ⌈H / height⌉, ⌈W / width⌉, C]
 */
const maxPoolWhole = (features: tf.Tensor4D, height: number, width: number): tf.Tensor4D => {
  const [, rows, columns] = features.shape;
  const hanging = (extent: number, window: number): [number, number] => [
    0,
    Math.ceil(extent / window) * window - extent,
  ];
  const padding: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    hanging(rows, height),
    hanging(columns, width),
    [0, 0],
  ];
  return tf.maxPool(tf.pad4d(features, padding, lowest), [height, width], [height, width], 'valid');
};

/**
 * Cosine similarity of every two regions, each `share` of the map high and wide.
 * @param features [N, H, W, C]
 * @returns [N, M, M] with M regions
 */
export const regionAffinity = (features: tf.Tensor4D, share: number): tf.Tensor3D => {
  const [batch, rows, columns, channels] = features.shape;
  const window = (extent: number): number => Math.max(1, Math.floor(extent * share));
  const regions = maxPoolWhole(features, window(rows), window(columns));
  const nodes = l2Normalize(regions.reshape([batch, -1, channels])) as tf.Tensor3D;
  return nodes.matMul(nodes, false, true) as tf.Tensor3D;
};

/**
 * Pairwise affinity: the mean over batch and all pairs of regions of (As − At)². Channels may differ; the larger map is
 * average-pooled to the smaller. The gradient takes the norms into account, unlike the published code's.
 * Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019).
 * @param student [N, H, W, C]
 * @param teacher [N, H', W', C']
 */
export const paLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D, share: number): tf.Scalar => {
  const [own, its] = poolToSmaller(student, teacher);
  return regionAffinity(own, share).squaredDifference(regionAffinity(its, share)).mean().asScalar();
};
