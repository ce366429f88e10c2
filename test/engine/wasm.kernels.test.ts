import * as tf from '@tensorflow/tfjs';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { replaceKernel } from '../../engine/backend/wasm/replaceKernel';
import { selfTest } from '../../engine/backend/wasm/selfTest';

const values = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);
const maps = (shape: number[], seed: number) => values(shape, seed) as tf.Tensor4D;

interface Section {
  id: number;
  payload: Buffer;
}

/** The sections of a WebAssembly module, in order. */
const sectionsOf = (module: Buffer): Section[] => {
  const found: Section[] = [];
  for (let at = 8; at < module.length;) {
    const id = module[at++] as number;
    let [size, shift, byte] = [0, 0, 0];
    do {
      byte = module[at++] as number;
      size += (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    found.push({ id, payload: module.subarray(at, (at += size)) });
  }
  return found;
};

interface Case {
  shapes: number[][];
  compute(...inputs: tf.Tensor[]): tf.Tensor;
}

const conv =
  (stride: number | [number, number], pad: 'same' | 'valid' | number) =>
  (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad);

const depthwise =
  (stride: number, pad: 'same' | 'valid', dilation = 1) =>
  (x: tf.Tensor, filter: tf.Tensor): tf.Tensor =>
    tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, pad, 'NHWC', dilation);

const product =
  (transposeA: boolean, transposeB: boolean) =>
  (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.matMul(a, b, transposeA, transposeB);

const cases: Record<string, Case> = {
  'convolution 3x3, same': {
    shapes: [
      [2, 7, 6, 5],
      [3, 3, 5, 9],
    ],
    compute: conv(1, 'same'),
  },
  'convolution 3x3, stride 2': {
    shapes: [
      [2, 8, 7, 4],
      [3, 3, 4, 6],
    ],
    compute: conv(2, 'same'),
  },
  'convolution 3x3, stride 2, valid': {
    shapes: [
      [2, 9, 8, 3],
      [3, 3, 3, 17],
    ],
    compute: conv(2, 'valid'),
  },
  'convolution 1x1': {
    shapes: [
      [3, 5, 5, 6],
      [1, 1, 6, 8],
    ],
    compute: conv(1, 'same'),
  },
  'convolution 1x1, stride 2': {
    shapes: [
      [3, 5, 6, 6],
      [1, 1, 6, 3],
    ],
    compute: conv(2, 'same'),
  },
  'convolution 5x4, stride 1 by 3': {
    shapes: [
      [1, 9, 10, 1],
      [5, 4, 1, 2],
    ],
    compute: conv([1, 3], 2),
  },
  'convolution 4x4, stride 4': {
    shapes: [
      [2, 12, 12, 3],
      [4, 4, 3, 7],
    ],
    compute: conv(4, 'valid'),
  },
  'convolution over a whole map': {
    shapes: [
      [2, 6, 6, 4],
      [6, 6, 4, 5],
    ],
    compute: conv(1, 'valid'),
  },
  'convolution of many channels': {
    shapes: [
      [1, 4, 4, 67],
      [3, 3, 67, 41],
    ],
    compute: conv(1, 'same'),
  },
  'convolution that threads share': {
    shapes: [
      [2, 12, 12, 19],
      [3, 3, 19, 21],
    ],
    compute: conv(1, 'same'),
  },
  'dilated convolution forward': {
    shapes: [],
    compute: () => tf.conv2d(maps([2, 8, 8, 3], 1), maps([3, 3, 3, 4], 2), 1, 'same', 'NHWC', 2),
  },
  'transposed convolution': {
    shapes: [
      [2, 4, 4, 6],
      [3, 3, 5, 6],
    ],
    compute: (x, filter) =>
      tf.conv2dTranspose(x as tf.Tensor4D, filter as tf.Tensor4D, [2, 8, 8, 5], 2, 'same'),
  },
  'convolution with bias and relu': {
    shapes: [],
    compute: () =>
      tf.fused.conv2d({
        ...{ x: maps([2, 5, 5, 3], 1), filter: maps([3, 3, 3, 10], 2), strides: 1, pad: 'same' },
        ...{ bias: values([10], 3), activation: 'relu' },
      }),
  },
  'depthwise convolution': {
    shapes: [
      [2, 7, 6, 37],
      [3, 3, 37, 1],
    ],
    compute: depthwise(1, 'same'),
  },
  'depthwise convolution that threads share': {
    shapes: [
      [2, 16, 17, 40],
      [3, 3, 40, 1],
    ],
    compute: depthwise(1, 'same'),
  },
  'depthwise convolution, stride 2': {
    shapes: [
      [2, 7, 8, 5],
      [3, 3, 5, 1],
    ],
    compute: depthwise(2, 'same'),
  },
  'depthwise convolution, multiplier 3': {
    shapes: [
      [2, 6, 6, 4],
      [3, 2, 4, 3],
    ],
    compute: depthwise(1, 'valid'),
  },
  'max pooling of negative values': {
    shapes: [[2, 6, 6, 5]],
    compute: (x) => tf.maxPool(tf.sub(x, 9) as tf.Tensor4D, 2, 2, 'same'),
  },
  'max pooling with overlap': {
    shapes: [[2, 7, 8, 3]],
    compute: (x) => tf.maxPool(x as tf.Tensor4D, 3, 2, 'same'),
  },
  'average pooling': { shapes: [[2, 7, 6, 5]], compute: (x) => tf.avgPool(x as tf.Tensor4D, 3, 2, 'same') },
  product: {
    shapes: [
      [9, 7],
      [7, 13],
    ],
    compute: product(false, false),
  },
  'product, left transposed': {
    shapes: [
      [64, 7],
      [64, 13],
    ],
    compute: product(true, false),
  },
  'product, right transposed': {
    shapes: [
      [9, 7],
      [13, 7],
    ],
    compute: product(false, true),
  },
  'product, both transposed': {
    shapes: [
      [7, 9],
      [13, 7],
    ],
    compute: product(true, true),
  },
  'products of batches': {
    shapes: [
      [2, 3, 4, 5],
      [2, 3, 5, 6],
    ],
    compute: product(false, false),
  },
  'products of batches, left transposed': {
    shapes: [
      [3, 5, 4],
      [3, 5, 6],
    ],
    compute: product(true, false),
  },
  'product of a batch with one matrix': {
    shapes: [],
    compute: () => tf.matMul(values([3, 4, 5], 1), values([1, 5, 6], 2)),
  },
  'product with bias and relu': {
    shapes: [],
    compute: () =>
      tf.fused.matMul({
        ...{ a: values([5, 6], 1), b: values([6, 9], 2), bias: values([9], 3), activation: 'relu' },
      }),
  },
  'batch normalisation with given statistics': {
    shapes: [[2, 4, 3, 5], [5], [5]],
    compute: (x, beta, gamma) =>
      tf.batchNorm(
        x as tf.Tensor4D,
        values([5], 7) as tf.Tensor1D,
        tf.abs(values([5], 8)) as tf.Tensor1D,
        beta as tf.Tensor1D,
        gamma as tf.Tensor1D,
        1e-3,
      ),
  },
  'sum over leading axes': { shapes: [[3, 4, 5, 18]], compute: (x) => tf.sum(x, [0, 1, 2]) },
  'mean over middle axes, kept': { shapes: [[3, 4, 5, 18]], compute: (x) => tf.mean(x, [1, 2], true) },
  'sum over the last axis': { shapes: [[3, 4, 5]], compute: (x) => tf.sum(x, 2) },
  'mean of everything': { shapes: [[3, 4, 5]], compute: (x) => tf.mean(x) },
  'relu that threads share': { shapes: [[101, 1001]], compute: (x) => tf.relu(x) },
  relu: { shapes: [[3, 50]], compute: (x) => tf.relu(x) },
  relu6: { shapes: [[3, 50]], compute: (x) => tf.relu6(tf.mul(x, 5)) },
  gather: { shapes: [[6, 3, 2]], compute: (x) => tf.gather(x, tf.tensor1d([0, 5, 5, 2], 'int32')) },
  'gather along axis 1': {
    shapes: [[3, 6]],
    compute: (x) => tf.gather(x, tf.tensor1d([0, 5, 5], 'int32'), 1),
  },
  softmax: { shapes: [[4, 7]], compute: (x) => tf.softmax(x) },
  'log softmax': { shapes: [[4, 7]], compute: (x) => tf.logSoftmax(x) },
  'bilinear resize': {
    shapes: [[2, 5, 5, 3]],
    compute: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [8, 8]),
  },
  'transpose of a copy': { shapes: [[3, 4]], compute: (x) => tf.transpose(tf.clone(x)) },
  'what is not a number': {
    shapes: [],
    compute: () => tf.isNaN(tf.tensor1d([1, NaN, Infinity])).toFloat(),
  },
  'what is finite': {
    shapes: [],
    compute: () => tf.isFinite(tf.tensor1d([1, NaN, Infinity, -Infinity])).toFloat(),
  },
  'not a number through relu': {
    shapes: [],
    compute: () => tf.isNaN(tf.relu(tf.tensor1d([-1, NaN, 2]))).toFloat(),
  },
};

/** As tensors are read: a type that a tidy may return. */
type Outcome = { shape: number[]; values: number[] };

const read = (tensor: tf.Tensor): Outcome => ({ shape: tensor.shape, values: [...tensor.dataSync()] });

/** The result and, where there are inputs, its gradients for random upstream gradients. */
const outcomes = ({ shapes, compute }: Case): Outcome[] =>
  tf.tidy(() => {
    const inputs = shapes.map((shape, index) => values(shape, index + 11));
    const result = compute(...inputs);
    if (!inputs.length) return [read(result)];
    const dy = values(result.shape, 21);
    const loss = (...given: tf.Tensor[]): tf.Tensor => tf.sum(tf.mul(compute(...given), dy));
    return [read(result), ...tf.grads(loss)(inputs).map(read)];
  });

const expectSame = (got: Outcome[], wanted: Outcome[]): void => {
  expect(got.map(({ shape }) => shape)).toEqual(wanted.map(({ shape }) => shape));
  got.forEach((outcome, index) => {
    const other = wanted[index] as Outcome;
    const scale = Math.max(1, ...other.values.map(Math.abs));
    const gaps = outcome.values.map((value, at) => Math.abs(value - (other.values[at] as number)) / scale);
    expect(Math.max(...gaps), index ? `gradient ${index - 1}` : 'value').toBeLessThan(2e-5);
  });
};

describe('the wasm backend', () => {
  const expected = new Map<string, Outcome[]>();
  beforeAll(async () => {
    await useBackend('cpu');
    for (const [name, one] of Object.entries(cases)) expected.set(name, outcomes(one));
    await useBackend('wasm');
  });

  it.each(Object.keys(cases))('has the value and the gradients of cpu: %s', (name) => {
    expectSame(outcomes(cases[name] as Case), expected.get(name) as Outcome[]);
  });

  it('keeps no tensor and no memory for what it computed', () => {
    const backend = tf.backend() as unknown as { numDataIds(): number };
    const before = [tf.memory().numTensors, backend.numDataIds()];
    for (const one of Object.values(cases)) outcomes(one);
    expect([tf.memory().numTensors, backend.numDataIds()]).toEqual(before);
  });

  it('says when its memory is full, and goes on', () => {
    expect(() => tf.fill([2 ** 15, 2 ** 15], 1)).toThrow(expect.objectContaining({ code: 'outOfMemory' }));
    expect(tf.sum(tf.ones([3])).dataSync()[0]).toBe(3);
  });

  it('repeats bit for bit however threads share the work', () => {
    const shared = cases['convolution that threads share'] as Case;
    const first = outcomes(shared);
    for (let run = 0; run < 20; run++) expect(outcomes(shared)).toEqual(first);
  });
});

describe('gradients on the wasm backend, by finite differences', () => {
  beforeEach(async () => {
    await useBackend('wasm');
  });

  // Where cpu's own gradient is wrong it cannot be the measure.
  it.each([
    'convolution 3x3, stride 2',
    'depthwise convolution, multiplier 3',
    'max pooling of negative values',
  ])('%s', (name) => {
    const { shapes, compute } = cases[name] as Case;
    const inputs = shapes.map((shape, index) => values(shape, index + 31));
    const directions = shapes.map((shape, index) => values(shape, index + 41));
    const weights = values(compute(...inputs).shape, 51);
    const loss = (...given: tf.Tensor[]) => tf.sum(tf.mul(compute(...given), weights));
    const at = (step: number): number =>
      loss(
        ...inputs.map((x, index) => tf.add(x, tf.mul(directions[index] as tf.Tensor, step))),
      ).dataSync()[0] ?? NaN;
    const step = 2e-3;
    const wanted = (at(step) - at(-step)) / (2 * step);
    const got = tf
      .grads(loss)(inputs)
      .map((gradient, index) => tf.sum(tf.mul(gradient, directions[index] as tf.Tensor)).dataSync()[0] ?? NaN)
      .reduce((sum, part) => sum + part, 0);
    expect(Math.abs(got - wanted)).toBeLessThan(2e-2 * Math.max(1, Math.abs(wanted)));
  });
});

describe('the self-test', () => {
  beforeEach(async () => {
    await useBackend('wasm');
  });

  it('passes and keeps no tensor', () => {
    const before = tf.memory().numTensors;
    expect(selfTest).not.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([
    ['MaxPoolGrad', 'input', 'max pooling'],
    ['Conv2DBackpropFilter', 'x', 'convolution by its filter'],
    ['BatchNormTrainingGrad', 'x', 'batch normalisation'],
  ])('finds a wrong %s', (kernelName, input, title) => {
    const right = tf.getKernel(kernelName, 'wasm');
    replaceKernel(kernelName, (stock) => (call) => {
      const outputs = [stock(call)].flat();
      for (const output of outputs) call.floats(output)[0] = (call.floats(call.input(input))[0] ?? 0) + 9;
      return outputs.length === 1 ? (outputs[0] as tf.TensorInfo) : outputs;
    });
    try {
      expect(selfTest).toThrow(`its ${title} came out wrong`);
    } finally {
      tf.unregisterKernel(kernelName, 'wasm');
      tf.registerKernel(right);
    }
  });
});

describe('the compiled kernels', () => {
  const folder = new URL('../../engine/backend/wasm/', import.meta.url);
  const compiled = readFileSync(new URL('kernels.wasm', folder));
  const source = readFileSync(new URL('kernels.c', folder));

  it('are those of the source', () => {
    const [hash] = sectionsOf(compiled).flatMap(({ id, payload }) =>
      id === 0 && payload.subarray(1, 7).toString() === 'source' ? [payload.subarray(7)] : [],
    );
    const advice = 'kernels.c has changed: run node setup/kernels.mjs';
    expect(hash?.toString('hex'), advice).toBe(createHash('sha256').update(source).digest('hex'));
  });

  it('hold no data, which would lie on tfjs’s', () => {
    const [codeSection, dataSection] = [10, 11];
    const ids = sectionsOf(compiled).map(({ id }) => id);
    expect(ids).toContain(codeSection);
    expect(ids).not.toContain(dataSection);
  });

  it.runIf(process.env.RETORT_TEST_KERNELS === '1')('compile to the same bytes again', async () => {
    const { compileKernels } = (await import('../../setup/kernels.mjs')) as Record<
      string,
      () => Promise<Uint8Array>
    >;
    expect(Buffer.from((await compileKernels?.()) ?? []).equals(compiled)).toBe(true);
  });
});
