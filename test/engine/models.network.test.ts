import { resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { speedUpBatchNorm } from '../../engine/models/batchNorm';
import { networkOf } from '../../engine/models/layersNetwork';
import type { Network } from '../../engine/models/network';
import { openModel } from '../../engine/models/open';
import { withoutTape } from '../../engine/models/tape';
import { measureLatency } from '../../engine/profile/latency';

beforeAll(() => useBackend('auto'));

const residual = (input = {}): Promise<Network> =>
  openModel(resolve('test/fixtures/models/residual.ts#createResNet'), { input, seed: 'one' });
const network = (model: tf.LayersModel, input = {}): Network =>
  networkOf(model, input, { reference: 'test', format: 'code', locations: new Map() });
const samples = (shape: readonly number[], batch = 4): tf.Tensor =>
  tf.randomNormal([batch, ...shape], 1, 2, 'float32', 11);
const distance = (a: tf.Tensor, b: tf.Tensor): number => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0] ?? NaN;
const inference = { taps: [], training: false };

describe('a forward pass', () => {
  it('in training mode moves the batch-norm statistics, in inference mode it does not', async () => {
    const net = await residual();
    const raw = samples([8, 8, 3]);
    const statistics = () => [...net.statistics.values()].map((variable) => Array.from(variable.dataSync()));
    const before = statistics();
    net.forward(raw, inference);
    expect(statistics()).toEqual(before);
    net.forward(raw, { taps: [], training: true });
    const after = statistics();
    expect(after.every((values, index) => String(values) !== String(before[index]))).toBe(true);
    net.dispose();
  });

  it('leaves nothing behind after a step of training, teacher beside student', async () => {
    const [student, teacher] = [await residual(), await residual({ divide: 2, mean: [1, 2, 3] })];
    const raw = samples([8, 8, 3]);
    const step = () => {
      const { value, grads } = tf.variableGrads(() => {
        const wanted = teacher.forward(raw, { taps: ['re_lu_ReLU3'], training: false });
        const found = student.forward(raw, { taps: ['re_lu_ReLU3'], training: true });
        const feature = tf.losses.meanSquaredError(wanted.tap('re_lu_ReLU3'), found.tap('re_lu_ReLU3'));
        return tf.add(feature, tf.losses.meanSquaredError(wanted.logits, found.logits)) as tf.Scalar;
      }, [...student.trainable.values()]);
      tf.dispose([value, grads]);
      return Object.keys(grads).length;
    };
    expect(step()).toBe(student.trainable.size);
    const after = tf.memory().numTensors;
    for (let again = 0; again < 3; again++) step();
    expect(tf.memory().numTensors).toBe(after);
    for (const one of [student, teacher]) one.dispose();
  });

  it('gives taps of one pass, logits among them', async () => {
    const net = await residual();
    const raw = samples([8, 8, 3]);
    const outputs = net.forward(raw, { taps: net.info.taps, training: false });
    for (const layer of net.info.layers.filter(({ name }) => net.info.taps.includes(name)))
      expect(outputs.tap(layer.name).shape).toEqual([4, ...layer.shape]);
    expect(outputs.tap('logits')).toBe(outputs.logits);
    expect(distance(tf.softmax(outputs.logits as tf.Tensor2D), outputs.tap('softmax_Softmax1'))).toBeLessThan(
      1e-6,
    );
    expect(() => net.forward(raw, { taps: ['conv9'], training: false })).toThrow(/has no layer named conv9/);
    net.dispose();
  });

  it('keeps nothing for a backward pass in inference mode', () => {
    const weight = tf.variable(tf.scalar(3));
    const { value, grads } = tf.variableGrads(
      () =>
        tf.add(
          weight,
          withoutTape(() => tf.square(weight)),
        ) as tf.Scalar,
      [weight],
    );
    expect(value.dataSync()[0]).toBe(12);
    expect(Object.values(grads)[0]?.dataSync()[0]).toBe(1);
  });

  it('normalises raw values: (x / divide - mean) / std', () => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [1, 1, 2] })] });
    const net = network(model, { divide: 2, mean: [1, 2], std: [0.5, 4] });
    const { logits } = net.forward(tf.tensor4d([4, 8], [1, 1, 1, 2]), inference);
    expect(Array.from(logits.dataSync())).toEqual([2, 0.5]);
    net.dispose();
  });

  it('reshapes what differs in axes of one or is flat, and refuses other sizes with both shapes', () => {
    const net = network(tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 3] })] }));
    for (const shape of [[2, 3, 1], [6]])
      expect(net.forward(samples(shape), inference).logits.shape).toEqual([4, 6]);
    for (const shape of [[3, 2], [2, 3, 2], [5]])
      expect(() => net.forward(samples(shape), inference)).toThrow(
        `The model takes samples of [2, 3], but the data has [${shape.join(', ')}].`,
      );
    expect(() =>
      network(tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 3] })] }), { mean: [1, 2] }),
    ).toThrow(/input\.mean has 2 numbers, but the model takes 3 channels/);
    net.dispose();
  });
});

describe('logits', () => {
  const dense = (activation?: 'softmax') =>
    tf.layers.dense({ units: 3, inputShape: [4], name: 'scores', ...(activation ? { activation } : {}) });
  const input = () => tf.input({ shape: [4] });

  it.each<[string, () => tf.LayersModel]>([
    ['a dense layer', () => tf.sequential({ layers: [dense('softmax')] })],
    [
      'an activation layer',
      () => tf.sequential({ layers: [dense(), tf.layers.activation({ activation: 'softmax' })] }),
    ],
    ['a softmax layer', () => tf.sequential({ layers: [dense(), tf.layers.softmax()] })],
    [
      'a nested model',
      () => tf.sequential({ layers: [tf.sequential({ layers: [dense(), tf.layers.softmax()] })] }),
    ],
    [
      'a 1x1 map that is flattened',
      () =>
        tf.sequential({
          layers: [
            tf.layers.reshape({ targetShape: [1, 1, 4], inputShape: [4] }),
            tf.layers.conv2d({ filters: 3, kernelSize: 1, activation: 'softmax' }),
            tf.layers.flatten(),
          ],
        }),
    ],
    [
      'the last of several outputs',
      () => {
        const x = input();
        const hidden = tf.layers.dense({ units: 4 }).apply(x) as tf.SymbolicTensor;
        return tf.model({
          inputs: x,
          outputs: [hidden, dense('softmax').apply(hidden) as tf.SymbolicTensor],
        });
      },
    ],
  ])('come from before the softmax of %s', (_, make) => {
    const model = make();
    const raw = samples([4]);
    const predicted = model.predict(raw);
    const wanted = Array.isArray(predicted) ? (predicted.at(-1) as tf.Tensor) : predicted;
    const net = network(model);
    const { logits } = net.forward(raw, inference);
    expect(net.info.softmaxRemoved).toBe(true);
    expect(distance(logits, wanted)).toBeGreaterThan(0.01);
    expect(distance(tf.softmax(logits as tf.Tensor2D), wanted)).toBeLessThan(1e-6);
    net.dispose();
  });

  it('are the outputs where there is no softmax', () => {
    const x = input();
    const gate = tf.layers.softmax().apply(dense().apply(x)) as tf.SymbolicTensor;
    const outputs = tf.layers.dense({ units: 2, activation: 'sigmoid' }).apply(gate) as tf.SymbolicTensor;
    const net = network(tf.model({ inputs: x, outputs }));
    expect(net.info.softmaxRemoved).toBe(false);
    net.dispose();
  });
});

describe('layers used more than once', () => {
  it('are tapped at their first use and counted at each', () => {
    const shared = tf.layers.dense({ units: 4, name: 'shared' });
    const x = tf.input({ shape: [4] });
    shared.apply(tf.input({ shape: [4] }));
    const once = shared.apply(x) as tf.SymbolicTensor;
    const net = network(tf.model({ inputs: x, outputs: shared.apply(once) as tf.SymbolicTensor }));
    const raw = samples([4]);
    const outputs = net.forward(raw, { taps: ['shared'], training: false });
    const direct = tf.add(
      tf.matMul(raw as tf.Tensor2D, net.trainable.get('shared/kernel') as tf.Tensor2D),
      net.trainable.get('shared/bias') as tf.Tensor,
    );
    expect(distance(outputs.tap('shared'), direct)).toBeLessThan(1e-5);
    expect(net.info).toMatchObject({ parameters: 20, macs: 32 });
    net.dispose();
  });

  it('with clashing weight names are refused', () => {
    const part = () =>
      tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4], name: 'same' })] });
    expect(() => network(tf.sequential({ layers: [part(), part()] }))).toThrow(
      'Two layers of test store a weight under the same name, same/kernel.',
    );
  });
});

describe('batch normalisation in training', () => {
  const layerOf = (options: { scale?: boolean; center?: boolean }) => {
    const layer = tf.layers.batchNormalization({ ...options, momentum: 0.9 });
    tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [3, 3, 2] }), layer] });
    if (options.scale !== false)
      layer.setWeights([
        ...[
          [1.5, 0.5],
          [0.2, -1],
        ].map((v) => tf.tensor1d(v)),
        tf.zeros([2]),
        tf.ones([2]),
      ]);
    return layer;
  };
  const run = (layer: tf.layers.Layer, x: tf.Tensor, direction: tf.Tensor) => {
    const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const value = () =>
      tf.sum(tf.mul(layer.apply(x, { training: true }) as tf.Tensor, direction)) as tf.Scalar;
    const dx = tf.grad((at) => tf.sum(tf.mul(layer.apply(at, { training: true }) as tf.Tensor, direction)))(
      x,
    );
    const { grads } = tf.variableGrads(value, variables);
    const gradients = variables.map((variable) => grads[variable.name] as tf.Tensor);
    return [layer.apply(x, { training: true }) as tf.Tensor, dx, ...gradients, ...layer.getWeights()];
  };

  it('gives the values, gradients and averages that tfjs gives', () => {
    const x = samples([3, 3, 2]);
    const direction = tf.randomNormal([4, 3, 3, 2], 0, 1, 'float32', 5);
    const [usual, ours] = [layerOf({}), layerOf({})];
    speedUpBatchNorm(ours);
    const found = run(ours, x, direction);
    run(usual, x, direction).forEach((wanted, index) =>
      expect(distance(wanted, found[index] as tf.Tensor)).toBeLessThan(2e-5),
    );
  });

  it('works without gamma or beta, where tfjs fails', () => {
    const x = samples([3, 3, 2]);
    const bare = layerOf({ scale: false, center: false });
    expect(() => bare.apply(x, { training: true })).toThrow();
    speedUpBatchNorm(bare);
    const y = bare.apply(x, { training: true }) as tf.Tensor;
    const { mean, variance } = tf.moments(y, [0, 1, 2]);
    expect(distance(mean, tf.zeros([2]))).toBeLessThan(1e-5);
    expect(distance(variance, tf.ones([2]))).toBeLessThan(1e-2);
  });
});

it('measures the time of one sample', async () => {
  const net = await residual();
  const before = tf.memory().numTensors;
  const { median, spread } = await measureLatency(net);
  expect(median).toBeGreaterThan(0);
  expect(spread).toBeGreaterThanOrEqual(0);
  expect(tf.memory().numTensors).toBe(before);
  net.dispose();
});
