import * as tf from '@tensorflow/tfjs';
import { geometryChannels } from '../detection/head';
import { withoutTape } from '../models/tape';

/** Boxes [N, M, 4] as shares of the picture, and which of them are boxes: [N, M]. */
export interface Regions {
  boxes: tf.Tensor3D;
  counted: tf.Tensor2D;
}

/** One where the last axis has the number. */
const oneHot = (numbers: tf.Tensor2D, count: number): tf.Tensor3D =>
  numbers
    .expandDims(2)
    .equal(tf.range(0, count, 1, 'int32'))
    .toFloat() as tf.Tensor3D;

const largestLog = 10;

/** Cell numbers [N, M] to the rows or columns they lie in. */
const gridOf = (cells: tf.Tensor2D, columns: number) => {
  const row = cells.toFloat().div(columns).floor();
  return { row, column: cells.toFloat().sub(row.mul(columns)) };
};

/**
 * The boxes that a head's outputs stand for at the `count` cells with the highest scores of any class.
 * @param logits [N, rows, columns, K + 4] (engine/detection/head.ts)
 */
export const bestRegions = (logits: tf.Tensor4D, count: number): Regions =>
  withoutTape(() => {
    const [batch, rows, columns, channels] = logits.shape;
    const cells = logits.reshape<tf.Tensor3D>([batch, rows * columns, channels]);
    const classes = channels - geometryChannels;
    const scores = cells.slice([0, 0, 0], [-1, -1, classes]).max(2);
    const chosen = tf.topk(scores, Math.min(count, rows * columns)).indices as tf.Tensor2D;
    const geometry = oneHot(chosen, rows * columns).matMul(cells.slice([0, 0, classes], [-1, -1, -1]));
    const [down, right, logHeight, logWidth] = tf.unstack(geometry, 2) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const { row, column } = gridOf(chosen, columns);
    const [y, x] = [row.add(down).div(rows), column.add(right).div(columns)];
    const [height, width] = [
      logHeight
        .minimum(largestLog)
        .exp()
        .div(2 * rows),
      logWidth
        .minimum(largestLog)
        .exp()
        .div(2 * columns),
    ];
    const edges = [y.sub(height), x.sub(width), y.add(height), x.add(width)];
    const boxes = tf.stack(edges, 2).clipByValue(0, 1) as tf.Tensor3D;
    return { boxes, counted: tf.onesLike(scores.slice([0, 0], [batch, chosen.shape[1]])) as tf.Tensor2D };
  });

/**
 * The boxes of the labels.
 * @param boxes [N, M, 5], the class −1 where there is none
 */
export const labelledRegions = (boxes: tf.Tensor3D): Regions =>
  withoutTape(() => ({
    boxes: boxes.slice([0, 0, 0], [-1, -1, 4]),
    counted: boxes
      .slice([0, 0, 4], [-1, -1, 1])
      .squeeze<tf.Tensor2D>([2])
      .greaterEqual(0)
      .toFloat() as tf.Tensor2D,
  }));
