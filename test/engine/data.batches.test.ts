import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { batchOrder, evaluationBatches, makeBatch } from '../../engine/data/batches';
import type { Split } from '../../engine/data/dataset';
import { sampleRgb } from '../../engine/data/preview';
import { Random } from '../../engine/random';

beforeAll(() => tf.setBackend('cpu'));

const split = (count: number, shape: readonly number[]): Split => {
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    count,
    shape,
    values: Uint8Array.from({ length: count * size }, (_, index) => 1 + (index % 250)),
    labels: Int32Array.from({ length: count }, (_, index) => index % 3),
  };
};
const pixels = (tensor: tf.Tensor): number[] => {
  const values = [...tensor.dataSync()];
  tensor.dispose();
  return values;
};

describe('the order of an epoch', () => {
  it('is a permutation that seed and epoch decide', () => {
    const order = batchOrder(100, 7, 0);
    expect([...order].sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    expect(batchOrder(100, 7, 0)).toEqual(order);
    expect(batchOrder(100, 7, 1)).not.toEqual(order);
    expect(batchOrder(100, 8, 0)).not.toEqual(order);
  });
});

describe('a batch', () => {
  it('holds the raw values, labels and positions asked for', () => {
    const data = split(6, [2, 3, 1]);
    const { images, labels, indices } = makeBatch(data, Int32Array.of(4, 1), null, new Random('x'));
    expect(images.shape).toEqual([2, 2, 3, 1]);
    expect([labels.dtype, indices.dtype, images.dtype]).toEqual(['int32', 'int32', 'float32']);
    expect(pixels(images)).toEqual([...data.values.subarray(24, 30), ...data.values.subarray(6, 12)]);
    expect(pixels(labels)).toEqual([1, 1]);
    expect(pixels(indices)).toEqual([4, 1]);
  });

  it('mirrors about half of the pictures, whole pixels, left and right', () => {
    const data = split(200, [2, 3, 2]);
    const positions = Int32Array.from({ length: 200 }, (_, index) => index);
    const { images, labels, indices } = makeBatch(
      data,
      positions,
      { flip: true, crop: 0 },
      new Random('flip'),
    );
    const values = pixels(images);
    const mirrored = positions.filter((index) => {
      const was = [...data.values.subarray(index * 12, index * 12 + 12)];
      const turned = [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7].map((from) => was[from]);
      const is = values.slice(index * 12, index * 12 + 12);
      expect([was, turned]).toContainEqual(is);
      return is[0] !== was[0];
    });
    expect(mirrored.length).toBeGreaterThan(75);
    expect(mirrored.length).toBeLessThan(125);
    tf.dispose([labels, indices]);
  });

  it('crops out of a zero-padded picture: the same as padding and slicing', () => {
    const data = split(40, [5, 4, 3]);
    const positions = Int32Array.from({ length: 40 }, (_, index) => index);
    const { images, labels, indices } = makeBatch(
      data,
      positions,
      { flip: false, crop: 2 },
      new Random('crop'),
    );
    const offsets = new Set<string>();
    const random = new Random('crop');
    for (const index of positions) {
      const [down, right] = [random.integer(5) - 2, random.integer(5) - 2];
      random.uniform();
      offsets.add(`${down} ${right}`);
      const expected = tf.tidy(() =>
        tf
          .tensor3d(Float32Array.from(data.values.subarray(index * 60, index * 60 + 60)), [5, 4, 3])
          .pad([
            [2, 2],
            [2, 2],
            [0, 0],
          ])
          .slice([2 - down, 2 - right, 0], [5, 4, 3]),
      );
      expect(pixels(images.slice([index, 0, 0, 0], [1, 5, 4, 3]))).toEqual(pixels(expected));
    }
    expect(offsets.size).toBeGreaterThan(10);
    tf.dispose([images, labels, indices]);
  });

  it('is the same for the same random stream and leaves the split as it was', () => {
    const data = split(8, [4, 4, 3]);
    const before = data.values.slice();
    const batch = () => {
      const made = makeBatch(data, Int32Array.of(0, 5, 7), { flip: true, crop: 3 }, new Random('same'));
      tf.dispose([made.labels, made.indices]);
      return pixels(made.images);
    };
    expect(batch()).toEqual(batch());
    expect(data.values).toEqual(before);
  });

  it('takes little time to make', () => {
    const data = split(64, [32, 32, 3]);
    const positions = batchOrder(64, 1, 0);
    const random = new Random('time');
    const once = () => {
      const begin = performance.now();
      const made = makeBatch(data, positions, { flip: true, crop: 4 }, random);
      const spent = performance.now() - begin;
      tf.dispose([made.images, made.labels, made.indices]);
      return spent;
    };
    const spent = Array.from({ length: 60 }, once).sort((a, b) => a - b);
    expect(spent[15]).toBeLessThan(4);
  });
});

describe('evaluation', () => {
  it('visits every sample once, in order, and leaks nothing', () => {
    const data = split(10, [2, 2, 1]);
    const tensors = tf.memory().numTensors;
    const seen = [...evaluationBatches(data, 4)].map((batch) => {
      tf.dispose([batch.images, batch.labels]);
      return pixels(batch.indices);
    });
    expect(seen).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ]);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

describe('the picture of a sample', () => {
  it('repeats grey, keeps RGB, scales floats and shows vectors as a strip', () => {
    const grey = split(2, [1, 2, 1]);
    expect([...sampleRgb(grey, 1).rgb]).toEqual([3, 3, 3, 4, 4, 4]);
    const colour = split(2, [1, 1, 3]);
    expect([...sampleRgb(colour, 1).rgb]).toEqual([4, 5, 6]);
    const vector: Split = {
      count: 1,
      shape: [3],
      values: Float32Array.of(-1, 0, 1),
      labels: Int32Array.of(0),
    };
    const { height, width, rgb } = sampleRgb(vector, 0);
    expect([height, width]).toEqual([1, 3]);
    expect([...rgb]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
    expect(sampleRgb({ ...vector, values: Float32Array.of(2, 2, 2) }, 0).rgb[0]).toBe(0);
  });
});
