import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { isMetric, mainMetric, metricInfo } from '../../engine/contract/measures';
import { tasks } from '../../engine/contract/recipe';
import type { Batch, Dataset, Split } from '../../engine/data/dataset';
import { pixelCrossEntropy } from '../../engine/losses/pixelCrossEntropy';
import { huberError, squaredError } from '../../engine/losses/regression';
import { measuredAtOnce } from '../../engine/measures/measures';
import { solvePositive } from '../../engine/solvePositive';
import { taskMeasures } from '../../engine/measures/taskMeasures';
import type { Network } from '../../engine/models/network';
import { Random } from '../../engine/random';
import { evaluate } from '../../engine/training/evaluate';

beforeAll(() => tf.setBackend('cpu'));

const valueOf = (scalar: tf.Scalar): number => scalar.dataSync()[0] as number;
const indices = tf.tensor1d([0], 'int32');
const emptyBatch: Batch = { images: tf.zeros([1, 1]), labels: tf.tensor1d([0], 'int32'), indices };

/** What a network's outputs say of itself is its input. */
const echo = (outputShape: number[]): Network =>
  ({
    info: { outputShape },
    forward: (raw: tf.Tensor) => ({ logits: raw.reshape([-1, ...outputShape]), tap: () => raw }),
  }) as unknown as Network;

const measure = (task: (typeof tasks)[number], split: Split, dataset: Partial<Dataset>, output: number[]) =>
  evaluate(echo(output), split, taskMeasures[task], {
    train: split,
    validation: split,
    test: null,
    classes: [],
    hash: '',
    ...dataset,
  });

describe('metrics', () => {
  it('are described, and each task has one that chooses', () => {
    for (const task of tasks) {
      const { metric, rising } = taskMeasures[task];
      expect(mainMetric[task]).toBe(metric);
      expect(metricInfo(`val_${metric}`)).toMatchObject({ rising });
      expect(isMetric(metric)).toBe(true);
    }
    expect(isMetric('loss')).toBe(false);
    expect(metricInfo('loss/kd')).toBeNull();
  });
});

describe('how many samples are measured at once', () => {
  it('is 256, and fewer of large pictures', () => {
    const shapes = [[10], [32, 32, 3], [64, 64, 3], [256, 256, 3], [2048, 2048, 3]];
    expect(shapes.map((shape) => measuredAtOnce({ shape }))).toEqual([256, 256, 256, 16, 1]);
  });
});

describe('the loss of pixels', () => {
  const logits = tf.tensor4d([2, 0, 0, 1, -1, 3, 0.5, 0.5], [1, 2, 2, 2]);
  const nll = (own: number, other: number): number => Math.log(1 + Math.exp(other - own));

  it('is the mean over pixels that count', () => {
    const mask = tf.tensor3d([0, 1, 1, 255], [1, 2, 2], 'int32');
    const wanted = (nll(2, 0) + nll(1, 0) + nll(3, -1)) / 3;
    expect(valueOf(pixelCrossEntropy(logits, mask, 255))).toBeCloseTo(wanted, 6);
  });

  it('is 0 where none counts, and has no gradient there', () => {
    const mask = tf.fill([1, 2, 2], 255, 'int32') as tf.Tensor3D;
    expect(valueOf(pixelCrossEntropy(logits, mask, 255))).toBe(0);
    const gradient = tf.grad((x) => pixelCrossEntropy(x as tf.Tensor4D, mask, 255))(logits);
    expect([...gradient.dataSync()].every((value) => value === 0)).toBe(true);
  });

  it('resizes logits to the mask', () => {
    const small = tf.tensor4d([1, -1], [1, 1, 1, 2]);
    const mask = tf.tensor3d([0, 0, 1, 1], [1, 2, 2], 'int32');
    expect(valueOf(pixelCrossEntropy(small, mask, 255))).toBeCloseTo((nll(1, -1) + nll(-1, 1)) / 2, 6);
  });
});

describe('the losses of values', () => {
  const values = tf.tensor2d([0, 0, 0], [3, 1]);
  const outputs = tf.tensor1d([0.5, -1, 3]);

  it('square errors, or follow Huber', () => {
    expect(valueOf(squaredError(outputs, values))).toBeCloseTo((0.25 + 1 + 9) / 3, 6);
    expect(valueOf(huberError(outputs, values))).toBeCloseTo((0.125 + 0.5 + 2.5) / 3, 6);
  });
});

describe('regression', () => {
  it('measures in the units of the target, over all outputs', async () => {
    const split: Split = {
      count: 4,
      shape: [2],
      values: Float32Array.of(0, 0, 1, 1, 1, 0, 0, 1),
      labels: new Int32Array(4),
      targets: { values: { shape: [2], values: Float32Array.of(0, 0, 1, 1, 0, 1, 1, 0) } },
    };
    const outputs = [
      { name: 'a', mean: 5, std: 10 },
      { name: 'b', mean: 0, std: 2 },
    ];
    const measured = await measure('regression', split, { outputs }, [2]);
    expect(measured.mae).toBeCloseTo(0.5 * ((10 + 2) / 2), 6);
    expect(measured.rmse).toBeCloseTo(Math.sqrt((2 * 100 + 2 * 4) / 8), 6);
    expect(measured.r2).toBeCloseTo(1 - 2 / 1, 6);
    expect(measured.loss).toBeCloseTo(0.5, 6);
  });
});

describe('segmentation', () => {
  it('averages the overlap of the classes that occur, and leaves out ignored pixels', async () => {
    const says = (...classes: number[]) =>
      classes.flatMap((which) => [0, 1, 2].map((k) => Number(k === which)));
    const split: Split = {
      count: 2,
      shape: [1, 2, 3],
      values: Float32Array.from([...says(0, 1), ...says(1, 2)]),
      labels: new Int32Array(2),
      targets: { mask: { shape: [1, 2], values: Uint8Array.of(0, 0, 1, 255) } },
    };
    const measured = await measure('segmentation', split, {}, [1, 2, 3]);
    expect(measured.miou).toBeCloseTo((1 / 2 + 1 / 2) / 2, 6);
    expect(measured.pixel_acc).toBeCloseTo(2 / 3, 6);
    const batch: Batch = { ...emptyBatch, mask: tf.tensor3d([0, 0, 1, 255], [2, 1, 2], 'int32') };
    const logits = tf.tensor4d([...split.values], [2, 1, 2, 3]);
    const live = taskMeasures.segmentation.live?.({ logits, tap: () => logits }, batch);
    expect(valueOf(live as tf.Scalar)).toBeCloseTo(measured.miou as number, 6);
  });
});

describe('the probe of features', () => {
  const random = new Random('probe');
  const features = (count: number, centre: (label: number) => number, size = 3): Split => {
    const labels = Int32Array.from({ length: count }, (_, index) => index % 2);
    const values = Float32Array.from(
      { length: count * size },
      (_, at) => random.normal() + (at % size === 0 ? centre(labels[Math.floor(at / size)] as number) : 0),
    );
    return { count, shape: [size], values, labels };
  };

  it('reads classes that a line divides, whatever the scale of the features', async () => {
    const train = features(200, (label) => 8 * label);
    const test = features(100, (label) => 8 * label);
    const scaled = (split: Split): Split => ({
      ...split,
      values: split.values.map((value, at) => (at % 3 === 0 ? value * 1e-3 : value * 10)) as Float32Array,
    });
    const measured = await measure(
      'features',
      scaled(test),
      { train: scaled(train), classes: ['a', 'b'] },
      [3],
    );
    expect(measured.probe_acc).toBeGreaterThan(0.97);
  });

  it('finds nothing where there is nothing', async () => {
    const [train, test] = [features(200, () => 0), features(200, () => 0)];
    const measured = await measure('features', test, { train, classes: ['a', 'b'] }, [3]);
    expect(measured.probe_acc).toBeLessThan(0.65);
    expect(measured.knn_acc).toBeLessThan(0.65);
  });

  it('takes more dimensions than samples', async () => {
    const [train, test] = [20, 200].map((count) => features(count, (label) => 20 * label, 40)) as [
      Split,
      Split,
    ];
    const measured = await measure('features', test, { train, classes: ['a', 'b'] }, [40]);
    expect(measured.probe_acc).toBeGreaterThan(0.8);
  });
});

describe('the solver of the probe', () => {
  it('solves a positive system for several right sides', () => {
    const matrix = Float64Array.of(4, 1, 0, 1, 3, 1, 0, 1, 2);
    const x = [1, -2, 3, 0.5, -1, 4];
    const right = Float64Array.from({ length: 6 }, (_, at) => {
      const [row, column] = [Math.floor(at / 2), at % 2];
      return [0, 1, 2].reduce(
        (sum, k) => sum + (matrix[row * 3 + k] as number) * (x[k * 2 + column] as number),
        0,
      );
    });
    const found = solvePositive(matrix.slice(), 3, right, 2);
    found.forEach((value, at) => expect(value).toBeCloseTo(x[at] as number, 10));
  });
});
