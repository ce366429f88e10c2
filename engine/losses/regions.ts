import * as tf from '@tensorflow/tfjs';
import { withoutTape } from '../models/tape';

/** How much each of `extent` cells counts for each of `samples` points between `begin` and `end`: [N, M, samples, extent]. */
const linearWeights = (begin: tf.Tensor, end: tf.Tensor, samples: number, extent: number): tf.Tensor => {
  const steps = tf.range(0, samples, 1, 'float32').add(0.5).div(samples);
  const points = begin.expandDims(-1).add(end.sub(begin).expandDims(-1).mul(steps));
  const cells = points
    .mul(extent)
    .sub(0.5)
    .clipByValue(0, extent - 1);
  const centres = tf.range(0, extent, 1, 'float32');
  return tf.sub(1, cells.expandDims(-1).sub(centres).abs()).relu();
};

/**
 * What lies in boxes, each sampled at `size` by `size` points by linear interpolation between cell centres (RoI align with
 * one point a bin); by matrix products, so its gradient is exact on every backend.
 * @param features [N, H, W, C]
 * @param boxes [N, M, 4]: top, left, bottom, right as shares of height and width
 * @returns [N · M, size, size, C]
 */
export const regionFeatures = (features: tf.Tensor4D, boxes: tf.Tensor3D, size: number): tf.Tensor4D => {
  const [batch, height, width, channels] = features.shape;
  const count = boxes.shape[1];
  const [rows, columns] = withoutTape(() => {
    const [top, left, bottom, right] = tf.unstack(boxes, 2) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    return [linearWeights(top, bottom, size, height), linearWeights(left, right, size, width)] as const;
  });
  const byRows = rows
    .reshape<tf.Tensor3D>([batch, count * size, height])
    .matMul(features.reshape<tf.Tensor3D>([batch, height, width * channels]));
  const lines = byRows.reshape([batch * count, size, width, channels]).transpose([0, 2, 1, 3]);
  return columns
    .reshape<tf.Tensor3D>([batch * count, size, width])
    .matMul(lines.reshape<tf.Tensor3D>([batch * count, width, size * channels]))
    .reshape([batch * count, size, size, channels])
    .transpose([0, 2, 1, 3]);
};

/** Overlap over union of every box with every anchor: boxes [N, M, 4] and anchors [A, 4] to [N, M, A]. */
export const anchorOverlaps = (boxes: tf.Tensor3D, anchors: tf.Tensor2D): tf.Tensor3D => {
  const [top, left, bottom, right] = tf.unstack(boxes.expandDims(2), 3) as tf.Tensor[] as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const [up, west, down, east] = tf.unstack(anchors, 1) as tf.Tensor[] as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const shared = bottom
    .minimum(down)
    .sub(top.maximum(up))
    .relu()
    .mul(right.minimum(east).sub(left.maximum(west)).relu());
  const areas = bottom
    .sub(top)
    .mul(right.sub(left))
    .add(down.sub(up).mul(east.sub(west)));
  return shared.div(areas.sub(shared).maximum(1e-12));
};
