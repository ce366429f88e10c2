import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { operationsInUse, runOperation } from '../../engine/backend/operations';
import { foldBatchNorms } from '../../engine/graph/foldBatchNorm';
import { compileStep } from '../../engine/graph/graphStep';
import { withoutIdleReshapes } from '../../engine/graph/idleReshapes';
import { trace } from '../../engine/graph/trace';
import { withWinograd } from '../../engine/graph/winograd';
import { runCommand } from './command';
import { tinyProject } from './tinyProject';

await useBackend('auto');
const missing = operationsInUse() === null ? 'Winograd’s kernels are not in use here' : null;

type Maps = [batch: number, height: number, width: number, channels: number];
const native = () => tf.backend() as NodeJSKernelBackend;

const normal = <R extends tf.Rank>(shape: tf.ShapeMap[R], seed: number, deviation = 1) =>
  tf.randomNormal<R>(shape, 0, deviation, 'float32', seed);

/** The largest difference, in parts of the largest value. */
const distance = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(b))).dataSync()[0] ?? NaN);

const nearly = 3e-5;

beforeEach((context) => {
  if (missing) return context.skip(missing);
  tf.engine().startScope();
  return undefined;
});
afterEach(() => {
  if (!missing) tf.engine().endScope();
});

describe('Winograd’s convolution as a TensorFlow operation', () => {
  const cases: [Maps, number, 'same' | 'valid'][] = [
    [[1, 4, 4, 16], 16, 'same'],
    [[3, 9, 7, 17], 33, 'same'],
    [[2, 11, 6, 20], 50, 'valid'],
    [[2, 32, 32, 32], 64, 'same'],
    [[5, 8, 8, 130], 96, 'valid'],
    [[70, 7, 7, 64], 64, 'same'],
    [[1, 5, 5, 1024], 16, 'same'],
  ];

  it.each(cases)(
    'and its gradients give TensorFlow’s values: %j to %i channels, %s',
    (maps, channels, padding) => {
      const x = normal<tf.Rank.R4>(maps, 1);
      const filter = normal<tf.Rank.R4>([3, 3, maps[3], channels], 2, 1 / Math.sqrt(9 * maps[3]));
      const wanted = tf.conv2d(x, filter, 1, padding);
      const dy = normal<tf.Rank.R4>(wanted.shape, 3);
      const [dx, dFilter] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
        tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, padding),
      )([x, filter], dy) as [tf.Tensor, tf.Tensor];
      const [, height, width] = wanted.shape;
      const before = padding === 'same' ? 1 : 0;
      const at = { top: before, left: before };
      const none = tf.tensor1d([]);
      const y = runOperation('WinogradConv2D', { ...at, height, width }, [x, filter, none, none]);
      expect(y.shape).toEqual(wanted.shape);
      expect(distance(y, wanted)).toBeLessThan(nearly);
      const inputSize = { height: maps[1], width: maps[2] };
      const gradients = [
        runOperation('WinogradConv2DBackpropInput', { ...at, ...inputSize }, [dy, filter]),
        runOperation('WinogradConv2DBackpropFilter', at, [x, dy]),
      ] as const;
      expect(distance(gradients[0], dx)).toBeLessThan(nearly);
      expect(distance(gradients[1], dFilter)).toBeLessThan(nearly);
    },
  );

  it('adds bias and shortcut, and keeps what is positive and what is no number', () => {
    const x = tf.concat([normal<tf.Rank.R4>([1, 6, 6, 16], 1), tf.fill([1, 6, 6, 16], NaN)]) as tf.Tensor4D;
    const filter = normal<tf.Rank.R4>([3, 3, 16, 20], 2);
    const [bias, shortcut] = [normal([20], 3), normal([2, 6, 6, 20], 4)];
    const at = { top: 1, left: 1, height: 6, width: 6, relu: true };
    const y = runOperation('WinogradConv2D', at, [x, filter, bias, shortcut]);
    const [kept, lost] = tf.split(y, 2) as [tf.Tensor, tf.Tensor];
    const wanted = tf.relu(tf.addN([tf.conv2d(x, filter, 1, 'same'), tf.add(shortcut, bias)]));
    expect(distance(kept, tf.slice(wanted, 0, 1))).toBeLessThan(nearly);
    expect(tf.all(tf.isNaN(lost)).dataSync()[0]).toBe(1);
  });

  it('refuses what it has no room for', () => {
    const [x, filter, none] = [tf.ones([1, 4, 4, 1025]), tf.ones([3, 3, 1025, 16]), tf.tensor1d([])];
    const at = { top: 1, left: 1, height: 4, width: 4 };
    expect(() => runOperation('WinogradConv2D', at, [x, filter, none, none])).toThrow(
      /at most 1024 channels/,
    );
  });

  it('gives the same bits each time', () => {
    const [x, dy] = [normal<tf.Rank.R4>([9, 13, 13, 48], 1), normal<tf.Rank.R4>([9, 13, 13, 40], 2)];
    const once = () => [
      ...runOperation('WinogradConv2DBackpropFilter', { top: 1, left: 1 }, [x, dy]).dataSync(),
    ];
    expect(once()).toEqual(once());
  });
});

describe('a graph with Winograd’s convolutions', () => {
  const stem = () => tf.variable(normal<tf.Rank.R4>([3, 3, 3, 16], 1, 0.2)) as tf.Variable<tf.Rank.R4>;
  const wide = (seed: number) =>
    tf.variable(normal<tf.Rank.R4>([3, 3, 16, 16], seed, 0.1)) as tf.Variable<tf.Rank.R4>;
  const operationsOf = (
    step: () => Record<string, tf.Tensor>,
    inputs: tf.Tensor[],
    fixed: tf.Variable[] = [],
  ) =>
    withWinograd(
      foldBatchNorms(withoutIdleReshapes(trace(native(), inputs, step, { fixed: new Set(fixed) }))),
    ).operations;

  it('has them where they pay, and TensorFlow’s elsewhere', () => {
    const x = normal<tf.Rank.R4>([2, 12, 12, 3], 5);
    const [first, second] = [stem(), wide(2)];
    const step = () =>
      tf.tidy(() => {
        const inner = tf.conv2d(x, first, 1, 'same');
        const strided = tf.conv2d(inner, second, 2, 'same');
        const dilated = tf.conv2d(inner, second, 1, 'same', 'NHWC', 2);
        const results = [tf.conv2d(inner, second, 1, 'same'), strided, dilated];
        return Object.fromEntries(results.map((one, index) => [index, tf.mean<tf.Scalar>(tf.square(one))]));
      });
    const ops = operationsOf(step, [x]).map(({ op }) => op);
    expect(ops.filter((op) => op === 'Conv2D')).toHaveLength(3);
    expect(ops.filter((op) => op === 'WinogradConv2D')).toHaveLength(1);
  });

  it('joins a frozen block: normalisation, shortcut and ReLU, but not past a value that is used elsewhere', () => {
    const x = normal<tf.Rank.R4>([2, 8, 8, 16], 5);
    const kernels = [wide(1), wide(2), wide(3)] as const;
    const statistics = [0, 1, 0.5, 1].map((mean) =>
      tf.variable(tf.add(tf.randomUniform([16], 0, 1, 'float32', 1), mean)),
    );
    const normalised = (input: tf.Tensor4D) => {
      const [mean, variance, offset, scale] = statistics as unknown as tf.Tensor1D[];
      return tf.batchNorm4d(input, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, 0.01);
    };
    const step = () =>
      tf.tidy(() => {
        const inner = tf.relu(normalised(tf.conv2d(x, kernels[0], 1, 'same')));
        const sum = tf.relu(tf.add(normalised(tf.conv2d(inner, kernels[1], 1, 'same')), x));
        const tapped = normalised(tf.conv2d(sum as tf.Tensor4D, kernels[2], 1, 'same'));
        const results = { tapped, last: tf.relu(tapped) };
        return Object.fromEntries(
          Object.entries(results).map(([name, one]) => [name, tf.mean<tf.Scalar>(tf.square(one))]),
        );
      });
    const fixed = [...kernels, ...statistics] as tf.Variable[];
    const ops = operationsOf(step, [x], fixed).map(({ op }) => op);
    expect(ops.slice(0, 4)).toEqual(['WinogradConv2D', 'WinogradConv2D', 'WinogradConv2D', 'Relu']);
    const graph = compileStep([x], step, fixed);
    const wanted = step();
    for (const [name, value] of Object.entries(graph.run([x])))
      expect(value / (wanted[name]?.dataSync()[0] ?? NaN)).toBeCloseTo(1, 5);
    graph.dispose();
  });

  it('trains as operation by operation: the same losses to 1e-5 a step', () => {
    const [first, second, third] = [stem(), wide(2), wide(3)];
    const x = normal<tf.Rank.R4>([8, 15, 15, 3], 5);
    const variables = [first, second, third] as tf.Variable[];
    const optimizer = tf.train.sgd(0.05);
    const step = (): Record<string, tf.Tensor> => {
      const { value, grads } = tf.variableGrads(() => {
        const inner = tf.relu(tf.conv2d(tf.relu(tf.conv2d(x, first, 1, 'same')), second, 1, 'valid'));
        return tf.mean<tf.Scalar>(tf.square(tf.sub(tf.conv2d(inner as tf.Tensor4D, third, 1, 'same'), 1)));
      }, variables);
      optimizer.applyGradients(grads);
      return { loss: value };
    };
    const start = variables.map((variable) => variable.clone());
    const graph = compileStep([x], step);
    const asGraph = Array.from({ length: 5 }, () => graph.run([x]).loss ?? NaN);
    variables.forEach((variable, index) => variable.assign(start[index] as tf.Tensor));
    const eager = Array.from({ length: 5 }, () => step().loss?.dataSync()[0] ?? NaN);
    graph.pull();
    expect(eager.at(-1)).toBeLessThan((eager[0] ?? NaN) * 0.9);
    asGraph.forEach((loss, index) => expect(Math.abs(loss - (eager[index] ?? NaN))).toBeLessThan(1e-5));
    graph.dispose();
  });
});

describe('a run without them', () => {
  it('says why, and trains all the same', async () => {
    const project = await tinyProject();
    try {
      await project.change({ training: { epochs: 1, batchSize: 32 }, control: false, backend: 'tensorflow' });
      const env = { ...process.env, RETORT_NATIVE_KERNELS: 'off' };
      const report = await runCommand(['backends', '--json'], { env });
      expect(JSON.parse(report.output)).toMatchObject({
        choice: {
          name: 'tensorflow',
          passedOver: [{ name: 'Winograd kernels', reason: 'RETORT_NATIVE_KERNELS is off.' }],
        },
      });
      const { code, errors } = await runCommand(['run', project.recipe], { env });
      expect(code, errors).toBe(0);
    } finally {
      await project.remove();
    }
  });
});
