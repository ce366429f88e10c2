import * as tf from '@tensorflow/tfjs';

/** How often a picture is turned: by 0, 90, 180 and 270 degrees. */
export const turns = 4;

/**
 * All four rotations, counter-clockwise: [N, S, S, C] to [4N, S, S, C], first the batch as it is, then the batch turned
 * once, twice and three times.
 */
export const rotations = (images: tf.Tensor4D): tf.Tensor4D => {
  const turned = images.transpose<tf.Tensor4D>([0, 2, 1, 3]);
  return tf.concat4d(
    [images, tf.reverse(turned, [1]), tf.reverse(images, [1, 2]), tf.reverse(turned, [2])],
    0,
  );
};

/** The joint labels of class and rotation of {@link rotations}: 4y + r, [N] to [4N], int32. */
export const jointLabels = (labels: tf.Tensor1D): tf.Tensor1D => {
  const first = labels.mul<tf.Tensor1D>(tf.scalar(turns, 'int32'));
  return tf.concat1d([0, 1, 2, 3].map((turn) => first.add<tf.Tensor1D>(tf.scalar(turn, 'int32'))));
};
