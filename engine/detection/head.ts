import * as tf from '@tensorflow/tfjs';

/**
 * The detection head: single-stage and anchor-free. A network for K classes ends in a convolution with K + 4 channels
 * and no activation, [batch, rows, columns, K + 4]; the grid may have any size. At each cell:
 *
 * - channels 0 … K − 1: one score a class, before a sigmoid: is the centre of a box of this class in this cell?
 * - channels K and K + 1: where in the cell the centre lies, down and right, in cells (0 to 1);
 * - channels K + 2 and K + 3: logarithm of the box's height and width in cells.
 *
 * Source: the keypoint view of Zhou, Wang and Krähenbühl, Objects as Points (2019), sections 3 and 4, with the
 * anisotropic Gaussians of Liu et al., Training-Time-Friendly Network for Real-Time Object Detection (2020), equation
 * 1, and sizes as logarithms.
 */
export const geometryChannels = 4;

/** Gaussian width of a target as a share of the box, α / 6 (TTFNet, α = 0.54). */
const spread = 0.54 / 6;
const leastSize = 1e-4;

/** Boxes [batch, boxes, 5] in cells of the grid; all [batch, boxes]. */
interface Placed {
  valid: tf.Tensor2D;
  label: tf.Tensor2D;
  row: tf.Tensor2D;
  column: tf.Tensor2D;
  /** [batch, boxes, 4]: what the four geometry channels should say. */
  geometry: tf.Tensor3D;
  height: tf.Tensor2D;
  width: tf.Tensor2D;
}

/** One where the last axis has the number; also of a single number, where tf.oneHot refuses. */
const oneHot = (numbers: tf.Tensor, count: number): tf.Tensor3D =>
  tf.equal(numbers.toInt().expandDims(-1), tf.range(0, count, 1, 'int32')).toFloat() as tf.Tensor3D;

const place = (boxes: tf.Tensor3D, rows: number, columns: number): Placed => {
  const [top, left, bottom, right, label] = tf.unstack(boxes, 2) as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const y: tf.Tensor2D = top.add(bottom).mul(rows / 2);
  const x = left.add(right).mul<tf.Tensor2D>(columns / 2);
  const row = tf.clipByValue(tf.floor(y), 0, rows - 1);
  const column = tf.clipByValue(tf.floor(x), 0, columns - 1);
  const height = bottom.sub(top).mul(rows).maximum<tf.Tensor2D>(leastSize);
  const width = right.sub(left).mul(columns).maximum<tf.Tensor2D>(leastSize);
  const geometry = tf.stack([y.sub(row), x.sub(column), height.log(), width.log()], 2) as tf.Tensor3D;
  const valid = label.greaterEqual(0).toFloat() as tf.Tensor2D;
  return { valid, label, row, column, geometry, height, width };
};

/** exp(−d² / 2σ²) of each box along one axis of the grid: [batch, boxes, cells]. */
const bell = (centre: tf.Tensor2D, size: tf.Tensor2D, cells: number): tf.Tensor3D => {
  const distance = tf.range(0, cells).sub<tf.Tensor3D>(centre.expandDims(2));
  const sigma = tf.maximum(size.mul(spread), 1 / 3).expandDims(2);
  return tf.exp<tf.Tensor3D>(tf.mul<tf.Tensor3D>(tf.square(tf.div<tf.Tensor3D>(distance, sigma)), -0.5));
};

/** What the class channels should say: `centres` 1 at a box's centre, `near` up to 1 around it. [batch, cells, classes] */
const heatTargets = (placed: Placed, cell: tf.Tensor3D, classes: number, grid: [number, number]) => {
  const { valid, label, row, column, height, width } = placed;
  const [batch, boxes] = valid.shape;
  const named = oneHot(label.maximum(0), classes).mul<tf.Tensor3D>(valid.expandDims(2));
  const centres = cell.transpose([0, 2, 1]).matMul(named).minimum(1);
  const down = bell(row, height, grid[0]).expandDims(3);
  const across = bell(column, width, grid[1]).expandDims(2);
  const around = down.mul(across).reshape([batch, boxes, -1]).mul(valid.expandDims(2));
  const closest = around.max(1);
  const nearest = around.equal(closest.expandDims(1)).toFloat().transpose<tf.Tensor3D>([0, 2, 1]);
  const near = nearest.matMul(named).minimum(1).mul(closest.expandDims(2));
  return { centres, near };
};

/** −Σ centres·(1−p)²·log p + (1−centres)·(1−near)⁴·p²·log(1−p): Objects as Points, equation 1 (α 2, β 4). */
const heatLoss = (scores: tf.Tensor, centres: tf.Tensor, near: tf.Tensor): tf.Scalar => {
  const p = scores.sigmoid();
  const hit = centres.mul(tf.square(tf.sub(1, p))).mul(scores.neg().softplus());
  const miss = tf
    .sub(1, centres)
    .mul(tf.pow(tf.sub(1, near), 4))
    .mul(p.square())
    .mul(scores.softplus());
  return hit.add(miss).sum();
};

/**
 * Loss of the head: the focal loss of the class channels, and the absolute error of the geometry at the cells that
 * hold a centre (mean of the four channels), both divided by the number of boxes (at least 1). Boxes whose centres
 * share a cell all pull at it.
 * @param logits [batch, rows, columns, classes + 4]
 * @param boxes [batch, boxes, 5]: top, left, bottom, right as shares of the picture, class; class −1 holds no box
 */
export const detectionLoss = (
  logits: tf.Tensor4D,
  boxes: tf.Tensor3D,
): { heat: tf.Scalar; box: tf.Scalar } => {
  const [batch, rows, columns, channels] = logits.shape;
  const classes = channels - geometryChannels;
  const placed = place(boxes, rows, columns);
  const { valid, row, column, geometry } = placed;
  const cellIndex = row.mul(columns).add(column);
  const cell = oneHot(cellIndex, rows * columns).mul<tf.Tensor3D>(valid.expandDims(2));
  const flat = logits.reshape<tf.Tensor3D>([batch, rows * columns, channels]);
  const { centres, near } = heatTargets(placed, cell, classes, [rows, columns]);
  const count = valid.sum().maximum(1);
  const heat = heatLoss(flat.slice([0, 0, 0], [-1, -1, classes]), centres, near);
  const said = cell.matMul(flat.slice([0, 0, classes], [-1, -1, geometryChannels]));
  const box = said.sub(geometry).abs().mean(2).mul(valid).sum();
  return { heat: heat.div(count), box: box.div(count) };
};
