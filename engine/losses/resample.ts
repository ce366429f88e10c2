import * as tf from '@tensorflow/tfjs';

/** Weights [target, source] by which one axis is resampled: result = weights · axis. */
type AxisWeights = (source: number, target: number) => Float32Array;

/** Cell i of the target is the mean of source cells ⌊i·s/t⌋ up to ⌈(i+1)·s/t⌉. */
const averaging: AxisWeights = (source, target) => {
  const weights = new Float32Array(target * source);
  for (let cell = 0; cell < target; cell++) {
    const begin = Math.floor((cell * source) / target);
    const end = Math.ceil(((cell + 1) * source) / target);
    weights.fill(1 / (end - begin), cell * source + begin, cell * source + end);
  }
  return weights;
};

/** Linear interpolation between cell centres; beyond the outer centres the outer cell counts alone. */
const interpolating: AxisWeights = (source, target) => {
  const weights = new Float32Array(target * source);
  for (let cell = 0; cell < target; cell++) {
    const centre = Math.max(0, ((cell + 0.5) * source) / target - 0.5);
    const lower = Math.min(Math.floor(centre), source - 1);
    const upper = Math.min(lower + 1, source - 1);
    const share = centre - lower;
    const row = cell * source;
    weights[row + lower] = (weights[row + lower] as number) + 1 - share;
    weights[row + upper] = (weights[row + upper] as number) + share;
  }
  return weights;
};

/**
 * Resamples height and width by two matrix products: linear, so its gradient is exact on every backend.
 * @param x [N, H, W, C]
 * @returns [N, height, width, C]
 */
const resample = (x: tf.Tensor4D, height: number, width: number, axis: AxisWeights): tf.Tensor4D => {
  const [batch, fromHeight, fromWidth, channels] = x.shape;
  if (fromHeight === height && fromWidth === width) {
    return x;
  }
  const rows = tf.tensor2d(axis(fromHeight, height), [height, fromHeight]);
  const columns = tf.tensor2d(axis(fromWidth, width), [width, fromWidth]);
  const byHeight = x.transpose([0, 2, 3, 1]).reshape([-1, fromHeight]).matMul(rows, false, true);
  return byHeight
    .reshape([batch, fromWidth, channels, height])
    .transpose([0, 3, 2, 1])
    .reshape([-1, fromWidth])
    .matMul(columns, false, true)
    .reshape([batch, height, channels, width])
    .transpose([0, 1, 3, 2]);
};

/** Adaptive average pooling to [N, height, width, C], for whole and broken ratios. */
export const averagePoolTo = (x: tf.Tensor4D, height: number, width: number): tf.Tensor4D =>
  resample(x, height, width, averaging);

/** Bilinear resizing to [N, height, width, C] with cell centres aligned (not corners). */
export const resizeBilinearTo = (x: tf.Tensor4D, height: number, width: number): tf.Tensor4D =>
  resample(x, height, width, interpolating);

/** Pools both to the smaller height and the smaller width of the two. */
export const poolToSmaller = (a: tf.Tensor4D, b: tf.Tensor4D): [tf.Tensor4D, tf.Tensor4D] => {
  const height = Math.min(a.shape[1], b.shape[1]);
  const width = Math.min(a.shape[2], b.shape[2]);
  return [averagePoolTo(a, height, width), averagePoolTo(b, height, width)];
};

/** The student's map at the teacher's height and width; vectors stay as they are. */
export const resizeToTeacher = (student: tf.Tensor, teacher: tf.Tensor): tf.Tensor =>
  teacher.rank === 4
    ? resizeBilinearTo(student as tf.Tensor4D, teacher.shape[1] as number, teacher.shape[2] as number)
    : student;

/** The cell of the source that lies under the centre of each cell of the target. */
const nearestCells = (source: number, target: number): tf.Tensor1D =>
  tf.tensor1d(
    Int32Array.from({ length: target }, (_, cell) => Math.floor(((cell + 0.5) * source) / target)),
    'int32',
  );

/** Class numbers [N, H, W] at another size, each the one under its cell's centre: [N, height, width]. */
export const nearestTo = (labels: tf.Tensor3D, height: number, width: number): tf.Tensor3D => {
  const [, fromHeight, fromWidth] = labels.shape;
  if (fromHeight === height && fromWidth === width) return labels;
  return labels.gather(nearestCells(fromHeight, height), 1).gather(nearestCells(fromWidth, width), 2);
};
