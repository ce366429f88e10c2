import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { averagePrecision, type PictureBoxes } from '../../engine/detection/averagePrecision';
import { overlap, type Detection } from '../../engine/detection/boxes';
import { decode, suppress } from '../../engine/detection/decode';
import { detectionLoss } from '../../engine/detection/head';
import { Random } from '../../engine/random';

beforeAll(() => tf.setBackend('cpu'));

const box = (top: number, left: number, bottom: number, right: number, label = 0) => ({
  top,
  left,
  bottom,
  right,
  label,
});
const found = (score: number, ...edges: [number, number, number, number, number?]): Detection => ({
  ...box(...edges),
  score,
});

describe('the overlap of two boxes', () => {
  it('is the intersection over the union', () => {
    expect(overlap(box(0, 0, 2, 2), box(1, 1, 3, 3))).toBeCloseTo(1 / 7, 12);
    expect(overlap(box(0, 0, 1, 1), box(0, 0, 1, 1))).toBe(1);
    expect(overlap(box(0, 0, 1, 1), box(1, 1, 2, 2))).toBe(0);
    expect(overlap(box(0, 0, 0, 0), box(0, 0, 0, 0))).toBe(0);
  });
});

const rows = 4;
const columns = 5;
const classes = 3;
const channels = classes + 4;

/** Outputs that say exactly these boxes: strong scores at the cells of their centres, none elsewhere. */
const perfect = (boxes: readonly ReturnType<typeof box>[]): Float32Array => {
  const values = new Float32Array(rows * columns * channels).fill(0);
  for (let cell = 0; cell < rows * columns; cell++)
    values.fill(-30, cell * channels, cell * channels + classes);
  for (const { top, left, bottom, right, label } of boxes) {
    const [y, x] = [((top + bottom) / 2) * rows, ((left + right) / 2) * columns];
    const at = (Math.floor(y) * columns + Math.floor(x)) * channels;
    values[at + label] = 30;
    const geometry = [y % 1, x % 1, Math.log((bottom - top) * rows), Math.log((right - left) * columns)];
    values.set(geometry, at + classes);
  }
  return values;
};

const tensorOf = (pictures: readonly (readonly ReturnType<typeof box>[])[], most: number): tf.Tensor3D => {
  const padded = pictures.map((boxes) =>
    Array.from({ length: most }, (_, index) => {
      const one = boxes[index];
      return one ? [one.top, one.left, one.bottom, one.right, one.label] : [0, 0, 0, 0, -1];
    }),
  );
  return tf.tensor3d(padded);
};

const two = [box(0.1, 0.2, 0.5, 0.45, 2), box(0.55, 0.6, 0.95, 0.99, 0)];

describe('the detection head', () => {
  it('loses nothing on outputs that say the boxes exactly, and these are read back', () => {
    const values = perfect(two);
    const logits = tf.tensor4d([...values], [1, rows, columns, channels]);
    const { heat, box: geometry } = detectionLoss(logits, tensorOf([two], 4));
    expect(heat.dataSync()[0]).toBeLessThan(1e-6);
    expect(geometry.dataSync()[0]).toBeLessThan(1e-6);
    const read = decode(values, [rows, columns, channels]);
    expect(read.map(({ label }) => label).sort()).toEqual([0, 2]);
    for (const one of read)
      expect(overlap(one, two.find(({ label }) => label === one.label) ?? one)).toBeGreaterThan(0.9999);
  });

  it('follows its formula on one cell', () => {
    const logits = tf.tensor4d([0.4, 0.25, 0.5, 0.1, -0.2], [1, 1, 1, 5]);
    const { heat, box: geometry } = detectionLoss(logits, tf.tensor3d([[[0.25, 0, 0.75, 1, 0]]]));
    const p = 1 / (1 + Math.exp(-0.4));
    expect(heat.dataSync()[0]).toBeCloseTo(-((1 - p) ** 2) * Math.log(p), 6);
    const wanted = (0.25 + 0 + Math.abs(0.1 - Math.log(0.5)) + 0.2) / 4;
    expect(geometry.dataSync()[0]).toBeCloseTo(wanted, 6);
  });

  it('counts each cell without a box as background, and is finite without any box', () => {
    const logits = tf.fill([2, 3, 3, 6], -1) as tf.Tensor4D;
    const { heat, box: geometry } = detectionLoss(logits, tensorOf([[], []], 1));
    const p = 1 / (1 + Math.E);
    expect(heat.dataSync()[0]).toBeCloseTo(-2 * 9 * 2 * p ** 2 * Math.log(1 - p), 4);
    expect(geometry.dataSync()[0]).toBe(0);
  });

  it('does not depend on the order or the padding of the boxes', () => {
    const random = new Random('boxes');
    const logits = tf.tensor4d(
      Float32Array.from({ length: rows * columns * channels }, () => random.normal()),
      [1, rows, columns, channels],
    );
    const loss = (boxes: tf.Tensor3D) => {
      const { heat, box: geometry } = detectionLoss(logits, boxes);
      return heat.add(geometry).dataSync()[0];
    };
    const once = loss(tensorOf([two], 2));
    expect(loss(tensorOf([[...two].reverse()], 6))).toBeCloseTo(once as number, 5);
  });

  it('has the gradient that finite differences give', () => {
    const random = new Random('gradient');
    const start = Float32Array.from({ length: rows * columns * channels }, () => random.normal());
    const boxes = tensorOf([two], 3);
    const loss = (logits: tf.Tensor): tf.Scalar => {
      const { heat, box: geometry } = detectionLoss(logits as tf.Tensor4D, boxes);
      return heat.add(geometry);
    };
    const shape: [number, number, number, number] = [1, rows, columns, channels];
    const gradient = tf.grad(loss)(tf.tensor4d(start, shape)).dataSync();
    const at = (position: number, by: number): number => {
      const moved = start.slice();
      moved[position] = (moved[position] as number) + by;
      return loss(tf.tensor4d(moved, shape)).dataSync()[0] as number;
    };
    for (const position of [0, 9, 20, 45, 73, 130]) {
      const slope = (at(position, 1e-2) - at(position, -1e-2)) / 2e-2;
      expect(gradient[position] as number).toBeCloseTo(slope, 2);
    }
  });
});

describe('reading boxes', () => {
  it('takes peaks only: a weaker neighbour of the same class is none', () => {
    const values = new Float32Array(2 * 2 * 5).fill(0);
    [2, 1, -5, -5].forEach((score, cell) => (values[cell * 5] = score));
    const read = decode(values, [2, 2, 5], { mostOverlap: 1 });
    expect(read).toHaveLength(1);
    expect(read[0]).toMatchObject({ label: 0 });
    expect(read[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-2)), 6);
  });

  it('leaves out boxes that overlap a better one of their class', () => {
    const kept = suppress(
      [found(0.6, 0, 0, 1, 1), found(0.9, 0, 0, 1, 0.9), found(0.5, 0, 0, 1, 1, 1), found(0.4, 2, 2, 3, 3)],
      0.5,
    );
    expect(kept.map(({ score }) => score)).toEqual([0.9, 0.5, 0.4]);
  });
});

describe('average precision', () => {
  const one = (wanted: PictureBoxes['wanted'], detections: Detection[]): PictureBoxes => ({
    wanted,
    found: detections,
  });

  it('is 1 where all is found and nothing else, 0 where nothing is', () => {
    const wanted = [box(0, 0, 1, 1), box(2, 2, 3, 3)];
    const all = wanted.map((each, index) => ({ ...each, score: 0.5 + index / 10 }));
    expect(averagePrecision([one(wanted, all)], 0.5)).toBe(1);
    expect(averagePrecision([one(wanted, [])], 0.5)).toBe(0);
    expect(averagePrecision([one([], all)], 0.5)).toBeNaN();
  });

  it('is the area below precision over recall: right, wrong, right of two is 5/6', () => {
    const wanted = [box(0, 0, 1, 1), box(2, 2, 3, 3)];
    const detections = [found(0.9, 0, 0, 1, 1), found(0.8, 5, 5, 6, 6), found(0.7, 2, 2, 3, 3)];
    expect(averagePrecision([one(wanted, detections)], 0.5)).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });

  it('counts a box once: a second detection of it is wrong', () => {
    const wanted = [box(0, 0, 1, 1), box(2, 2, 3, 3)];
    const detections = [found(0.9, 0, 0, 1, 1), found(0.8, 0, 0, 1, 0.95), found(0.7, 2, 2, 3, 3)];
    expect(averagePrecision([one(wanted, detections)], 0.5)).toBeCloseTo((1 + 2 / 3) / 2, 12);
  });

  it('asks for half an overlap, for the same picture and the same class, and averages the classes', () => {
    const near = found(0.9, 0, 0, 1, 0.49);
    expect(averagePrecision([one([box(0, 0, 1, 1)], [near])], 0.5)).toBe(0);
    expect(averagePrecision([one([box(0, 0, 1, 1)], []), one([], [found(0.9, 0, 0, 1, 1)])], 0.5)).toBe(0);
    const wanted = [box(0, 0, 1, 1, 0), box(2, 2, 3, 3, 1)];
    expect(averagePrecision([one(wanted, [found(0.9, 0, 0, 1, 1, 0)])], 0.5)).toBe(0.5);
  });
});
