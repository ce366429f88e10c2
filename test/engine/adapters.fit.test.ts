import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildAdapter, type AdapterChoice } from '../../engine/adapters/build';
import { addRows, fitPair } from '../../engine/adapters/fit';
import { adapterParameters, fittingAdapters, reachOf } from '../../engine/adapters/offers';
import type { Reach, Rows } from '../../engine/adapters/positions';
import { ridgeResidual, coefficientOf } from '../../engine/adapters/ridge';
import { measureStepCost } from '../../engine/adapters/stepCost';
import { useBackend } from '../../engine/backend/choose';
import { Random } from '../../engine/random';

beforeAll(async () => {
  await useBackend('auto');
});

const samples = 48;

const noise = (shape: number[], name: string): tf.Tensor => {
  const random = new Random(name);
  const length = shape.reduce((product, extent) => product * extent, 1);
  return tf.tensor(
    Float32Array.from({ length }, () => random.normal()),
    shape,
  );
};

const fitsOf = (student: tf.Tensor, teacher: tf.Tensor, kinds: AdapterChoice[]) => {
  const rows = new Map<Reach, Rows[]>();
  const reaches = [...new Set(['point' as const, ...kinds.flatMap((kind) => reachOf(kind) ?? [])])];
  addRows(rows, { student, teacher }, reaches, 40, (reach) => new Random(`rows/${reach}`));
  return fitPair(rows, kinds);
};

describe('how well an adapter can fit', () => {
  it.each([
    ['conv1x1', [6, 6, 3], [6, 6, 5]],
    ['conv1x1-bn', [6, 6, 3], [6, 6, 5]],
    ['conv3x3', [6, 6, 3], [6, 6, 5]],
    ['conv3x3-stride2', [8, 8, 3], [4, 4, 5]],
    ['conv4x4-transposed', [4, 4, 3], [8, 8, 5]],
    ['linear', [4], [6]],
  ] as const)('%s fits exactly what such an adapter made, and not what is independent', (kind, from, to) => {
    const count = kind === 'linear' ? 400 : samples;
    const student = noise([count, ...from], `student/${kind}`);
    const made = buildAdapter(kind, from, to, new Random('adapter'), 'made').apply(student, true);
    expect(fitsOf(student, made, [kind]).of(kind)).toBeGreaterThan(0.995);
    const other = noise([count, ...to], `other/${kind}`);
    expect(fitsOf(student, other, [kind]).of(kind)).toBeLessThan(0.05);
  });

  it('a 3x3 convolution fits what a 1x1 convolution cannot', () => {
    const student = noise([samples, 6, 6, 3], 'around');
    const made = buildAdapter('conv3x3', [6, 6, 3], [6, 6, 5], new Random('wide'), 'wide').apply(
      student,
      true,
    );
    const fits = fitsOf(student, made, ['conv1x1', 'conv3x3']);
    expect(fits.of('conv1x1')).toBeLessThan(0.5);
    expect(fits.of('conv3x3')).toBeGreaterThan(0.99);
  });

  it('none is measured as it is, and what is not linear is not measured', () => {
    const student = noise([samples, 4, 4, 2], 'none');
    const fits = fitsOf(student, student.mul(1), ['none', 'conv1x1-bn-relu']);
    expect(fits.of('none')).toBeCloseTo(1, 6);
    expect(fits.of('conv1x1-bn-relu')).toBeNull();
    expect(fitsOf(student, student.mul(-1), ['none']).of('none')).toBe(0);
  });

  it('finds the channels that were shuffled, scaled and repeated', () => {
    const student = noise([samples, 4, 4, 5], 'assign');
    const order = [3, 0, 4, 1, 2];
    const shuffled = student
      .gather(order, 3)
      .mul(3)
      .add(1)
      .add(noise([samples, 4, 4, 5], 'blur').mul(0.1));
    const fits = fitsOf(student, shuffled, ['assign']);
    expect(fits.channels).toEqual(order);
    expect(fits.of('assign')).toBeGreaterThan(0.95);
    const twice = [0, 1, 2, 0, 1, 2];
    const narrow = noise([samples, 4, 4, 3], 'narrow');
    expect(fitsOf(narrow, narrow.gather(twice, 3), ['assign']).channels).toEqual(twice);
  });
});

describe('ridge regression', () => {
  const regression = (inputs: number[][], outputs: number[][]) => ({
    inputs: tf.tensor2d(inputs),
    outputs: tf.tensor2d(outputs),
  });

  it('equals a value worked out by hand', () => {
    // Inputs ±1 of deviation 1, outputs ±2: slope 2/(1 + 0.01), so 2 - 2/1.01 is left at every point.
    const data = regression([[-1], [1]], [[-2], [2]]);
    const { error, variation } = ridgeResidual(data, data);
    expect(variation).toBeCloseTo(8, 5);
    expect(error).toBeCloseTo(2 * (2 - 2 / 1.01) ** 2, 5);
  });

  it('gives the same by the dual system, where there are more inputs than rows', () => {
    const random = new Random('dual');
    const rows = Array.from({ length: 6 }, () => Array.from({ length: 5 }, () => random.normal()));
    const wide = rows.map((row) => [...row, ...row]);
    const outputs = rows.map((row) => [(row[0] ?? 0) - (row[3] ?? 0)]);
    const fit = (inputs: number[][]) => {
      const data = regression(inputs, outputs);
      return coefficientOf([ridgeResidual(data, data)]);
    };
    // Doubled inputs halve the ridge's weight against them: both fits are close to exact.
    expect(fit(wide)).toBeGreaterThan(0.97);
    expect(Math.abs(fit(wide) - fit(rows))).toBeLessThan(0.02);
  });
});

describe('what an adapter costs', () => {
  it.each([
    [
      [8, 8, 6],
      [8, 8, 6],
    ],
    [
      [8, 8, 3],
      [4, 4, 5],
    ],
    [
      [4, 4, 3],
      [8, 8, 5],
    ],
    [
      [6, 6, 3],
      [4, 4, 5],
    ],
    [[4], [6]],
  ])('counts the weights of every adapter that fits %j and %j as it is built', (student, teacher) => {
    const tap = (shape: number[]) => ({ tap: 'tap', shape, depth: 1, role: 'stage' as const });
    const pair = { teacher: tap(teacher), student: tap(student) };
    for (const kind of fittingAdapters(pair)) {
      const { variables } = buildAdapter(kind, student, teacher, new Random('count'), 'count');
      const built = [...variables.values()].reduce((sum, { size }) => sum + size, 0);
      expect(adapterParameters(kind, pair), kind).toBe(built);
    }
  });

  it('takes time, leaves no tensors, and nothing where there is nothing to do', async () => {
    const tap = (shape: number[]) => ({ tap: 'tap', shape, depth: 1, role: 'stage' as const });
    const pair = { teacher: tap([8, 8, 16]), student: tap([8, 8, 8]) };
    const before = tf.memory().numTensors;
    expect(await measureStepCost('conv3x3', pair, 1152)).toBeGreaterThan(0);
    expect(await measureStepCost('conv1x1-bn-relu', pair, 160)).toBeGreaterThan(0);
    expect(await measureStepCost('none', pair, 0)).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
