import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { atLoss } from '../../engine/losses/at';
import { averagePoolTo, poolToSmaller, resizeBilinearTo } from '../../engine/losses/resample';
import { expectClose } from '../fixtures/closeTo';

const ramp = (height: number, width: number) =>
  tf.range(0, height * width).reshape([1, height, width, 1]) as tf.Tensor4D;

beforeAll(async () => {
  await useBackend('cpu');
});

describe('adaptive average pooling', () => {
  it('is plain average pooling for a whole ratio, channel by channel', () => {
    const maps = tf.randomNormal([2, 4, 6, 3], 0, 1, 'float32', 1) as tf.Tensor4D;
    expectClose(averagePoolTo(maps, 2, 3), tf.avgPool(maps, 2, 2, 'valid').arraySync());
  });

  it('averages overlapping cells for a broken ratio', () => {
    expectClose(averagePoolTo(ramp(1, 5), 1, 3), [0.5, 2, 3.5]);
    expectClose(averagePoolTo(ramp(3, 3), 2, 2), [2, 3, 5, 6]);
  });

  it('pools each axis of a pair to the smaller', () => {
    const [wide, tall] = poolToSmaller(ramp(2, 6), ramp(4, 3));
    expectClose(wide, tf.avgPool(ramp(2, 6), [1, 2], [1, 2], 'valid').arraySync());
    expectClose(tall, tf.avgPool(ramp(4, 3), [2, 1], [2, 1], 'valid').arraySync());
  });

  it('lets attention compare maps of different size', () => {
    const small = tf.randomUniform([1, 2, 2, 3], 0, 1, 'float32', 2) as tf.Tensor4D;
    const large = resizeNearest(small);
    expectClose(atLoss(small, large, 'code'), 0, 1e-9);
    expectClose(atLoss(large, small, 'paper'), 0, 1e-6);
  });
});

const resizeNearest = (x: tf.Tensor4D): tf.Tensor4D => tf.image.resizeNearestNeighbor(x, [4, 4]);

describe('bilinear resizing', () => {
  it('agrees with the framework’s, cell centres aligned', () => {
    const maps = tf.randomNormal([2, 3, 4, 2], 0, 1, 'float32', 3) as tf.Tensor4D;
    const reference = tf.image.resizeBilinear(maps, [7, 6], false, true);
    expectClose(resizeBilinearTo(maps, 7, 6), reference.arraySync());
    expectClose(resizeBilinearTo(maps, 2, 3), tf.image.resizeBilinear(maps, [2, 3], false, true).arraySync());
  });

  it('passes the whole gradient back: every output is a weighted mean', () => {
    const maps = ramp(3, 3);
    const gradient = tf.grad((x) => resizeBilinearTo(x as tf.Tensor4D, 6, 6).sum())(maps);
    expectClose(gradient.sum() as tf.Scalar, 36, 1e-4);
  });
});
