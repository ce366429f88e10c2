import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { inspectModel } from '../../engine/models/inspect';
import type { Network } from '../../engine/models/network';
import { openTopology } from '../../engine/models/open';
import { failureOf, isThere, open, shared } from './otherModels';

let folder = '';
beforeAll(async () => {
  await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What plain TensorFlow.js makes of a layers-model folder. */
const plain = async (modelFile: string): Promise<tf.LayersModel> => {
  const model = JSON.parse(await readFile(modelFile, 'utf8'));
  const [group] = model.weightsManifest;
  const bytes = await readFile(join(dirname(modelFile), group.paths[0]));
  const weightData = new Uint8Array(bytes).buffer;
  return tf.loadLayersModel(
    tf.io.fromMemory({ modelTopology: model.modelTopology, weightSpecs: group.weights, weightData }),
  );
};

const predict = (model: tf.LayersModel, x: tf.Tensor): tf.Tensor => {
  const outputs = model.predict(x);
  return Array.isArray(outputs) ? (outputs.at(-1) as tf.Tensor) : outputs;
};

const samples = (shape: readonly number[]): tf.Tensor => tf.randomUniform([2, ...shape], 0, 1, 'float32', 7);

describe.skipIf(!isThere)('layers-model files of other projects', () => {
  it.each([
    ['cnn-explainer-tiny-vgg/model.json', [64, 64, 3], [10], 19_920, true],
    ['mlcommons-resnet8-cifar10/model.json', [32, 32, 3], [10], 78_666, true],
    ['oarriaga-mini_xception-fer2013/model.json', [64, 64, 1], [7], 58_423, true],
    ['tensorspace-helloworld-lenet/model.json', [28, 28], [10], 61_706, true],
    ['tensorspace-lenet-mnistjson/mnist.json', [28, 28, 1], [10], 61_706, true],
    ['tensorspace-lenet-multiout-keras/model.json', [28, 28], [10], 44_426, true],
    ['tfjs-e2e-layers/model.json', [10], [4], 2_300, false],
    ['tfjs-examples-abalone-regression/model.json', [8], [1], 3_051, false],
  ])(
    '%s predicts what plain TensorFlow.js predicts',
    async (name, inputShape, outputShape, parameters, softmax) => {
      const file = join(shared, 'tfjs-layers', name);
      const network = await open(file);
      expect(network.info).toMatchObject({ inputShape, outputShape, parameters, softmaxRemoved: softmax });
      expect(network.info.uncounted).toBeUndefined();
      const raw = samples(inputShape);
      const { logits } = network.forward(raw, { taps: [], training: false });
      const reference = await plain(file);
      const wanted = predict(reference, raw);
      const found = softmax ? tf.softmax(logits as tf.Tensor2D) : logits;
      expect(tf.max(tf.abs(tf.sub(found, wanted))).dataSync()[0]).toBeLessThan(1e-5);
      network.dispose();
      reference.dispose();
      tf.dispose([raw, logits, found, wanted]);
    },
  );

  it('trains what it opened: every tap, gradients for every weight, nothing left behind', async () => {
    const start = tf.memory().numTensors;
    const network = await open(join(shared, 'tfjs-layers/mlcommons-resnet8-cifar10/model.json'));
    const raw = samples(network.info.inputShape);
    const before = tf.memory().numTensors;
    const { taps } = network.info;
    const gradients = tf.variableGrads(() => {
      const outputs = network.forward(raw, { taps, training: true });
      return tf.addN(taps.map((tap) => tf.mean(outputs.tap(tap)))) as tf.Scalar;
    }, [...network.trainable.values()]);
    expect(Object.keys(gradients.grads)).toHaveLength(network.trainable.size);
    tf.dispose([gradients.value, gradients.grads]);
    expect(tf.memory().numTensors).toBe(before);
    network.dispose();
    expect(tf.memory().numTensors).toBe(start + 1);
    raw.dispose();
  });

  it('reads a model whose regularizer it does not know, as the same model without one', async () => {
    const [odd, usual] = [
      await open(join(shared, 'broken/layers-unknown-regularizer-L2/model.json')),
      await open(join(shared, 'tfjs-layers/mlcommons-resnet8-cifar10/model.json')),
    ];
    const raw = samples([32, 32, 3]);
    const logits = (network: Network) =>
      network.forward(raw, { taps: [], training: false }).logits.dataSync();
    expect(logits(odd)).toEqual(logits(usual));
    tf.dispose(raw);
    odd.dispose();
    usual.dispose();
  });

  it.each([
    ['broken/keras-architecture-json-not-tfjs/model.json', 'modelUnsupported', /Keras architecture/],
    ['tfjs-layers/cnn-explainer-tiny-vgg/group1-shard1of1.bin', 'modelUnsupported', /bare weights/],
    ['no-such-folder/model.json', 'modelNotFound', /no model at/],
  ])('refuses %s', async (name, code, message) => {
    const failure = await failureOf(join(shared, name));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.next).not.toBe('');
  });

  it('says how many bytes a cut-off weights file lacks, and which shard is missing', async () => {
    const copy = join(folder, 'cut');
    await cp(join(shared, 'tfjs-layers/cnn-explainer-tiny-vgg'), copy, { recursive: true });
    await truncate(join(copy, 'group1-shard1of1.bin'), 5000);
    const before = tf.memory().numTensors;
    expect(await failureOf(join(copy, 'model.json'))).toMatchObject({
      code: 'modelInvalid',
      message: 'The weights need 79680 bytes, but group1-shard1of1.bin has 5000.',
    });
    await rm(join(copy, 'group1-shard1of1.bin'));
    const missing = await failureOf(copy);
    expect(missing.code).toBe('modelInvalid');
    expect(missing.message).toBe(
      'The weights file group1-shard1of1.bin is missing beside the model: of 79680 bytes, 0 are there.',
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** A small classifier as plain TensorFlow.js saves it. */
const saved = async (name: string, change: (model: Record<string, unknown>) => void): Promise<string> => {
  const model = tf.sequential({
    name: 'net',
    layers: [
      tf.layers.dense({ units: 4, inputShape: [3], name: 'hidden', activation: 'relu' }),
      tf.layers.dense({ units: 2, name: 'scores', activation: 'softmax' }),
    ],
  });
  let artifacts: tf.io.ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  model.dispose();
  const json = {
    modelTopology: artifacts.modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: artifacts.weightSpecs }],
  };
  change(json);
  const target = join(folder, name);
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'model.json'), `\ufeff${JSON.stringify(json)}`);
  await writeFile(join(target, 'weights.bin'), new Uint8Array(artifacts.weightData as ArrayBuffer));
  return join(target, 'model.json');
};

describe('layers-model files', () => {
  it('opens several shards, quantised weights and a byte-order mark', async () => {
    const file = await saved('shards', (json) => {
      const [group] = json.weightsManifest as { paths: string[]; weights: Record<string, unknown>[] }[];
      if (!group) return;
      group.paths = ['a.bin', 'b.bin'];
      for (const weight of group.weights)
        weight.quantization = { dtype: 'uint8', scale: 0.5, min: -1, original_dtype: 'float32' };
    });
    await writeFile(join(dirname(file), 'a.bin'), new Uint8Array(16).fill(4));
    await writeFile(join(dirname(file), 'b.bin'), new Uint8Array(10).fill(2));
    const network = await open(file);
    expect([...(network.trainable.get('hidden/kernel')?.dataSync() ?? [])]).toEqual(Array(12).fill(1));
    expect([...(network.trainable.get('scores/kernel')?.dataSync() ?? [])]).toEqual(Array(8).fill(0));
    network.dispose();
    await writeFile(join(dirname(file), 'a.bin'), new Uint8Array(9));
    expect((await failureOf(file)).message).toBe(
      'The weights need 26 bytes, but its 2 shards (see b.bin) have 19.',
    );
  });

  it('opens what a newer Keras describes: dtype policies, batch_shape, keras_history, prefixed weights', async () => {
    const history = (layer: string) => [
      { args: [{ class_name: '__keras_tensor__', config: { keras_history: [layer, 0, 0] } }], kwargs: {} },
    ];
    const dtype = { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } };
    const file = await saved('keras3', (json) => {
      const dense = (name: string, units: number, from: string) => ({
        class_name: 'Dense',
        name,
        inbound_nodes: history(from),
        config: {
          name,
          units,
          dtype,
          use_bias: true,
          activation: 'relu',
          kernel_initializer: { module: 'keras.initializers', class_name: 'VeryNew', config: {} },
        },
      });
      const input = { name: 'x', batch_shape: [null, 3], dtype: 'float32' };
      json.modelTopology = {
        keras_version: '3.5.0',
        model_config: {
          class_name: 'Functional',
          config: {
            name: 'net',
            layers: [
              { class_name: 'InputLayer', name: 'x', config: input, inbound_nodes: [] },
              dense('hidden', 4, 'x'),
              dense('scores', 2, 'hidden'),
            ],
            input_layers: ['x', 0, 0],
            output_layers: ['scores', 0, 0],
          },
        },
      };
      const [group] = json.weightsManifest as { weights: { name: string }[] }[];
      for (const weight of group?.weights ?? []) weight.name = `net/${weight.name}`;
    });
    const network = await open(file);
    expect(network.info.taps).toEqual(['hidden', 'scores', 'logits']);
    network.dispose();
  });

  it.each<[string, (json: Record<string, unknown>) => void, string, RegExp]>([
    ['no weights', (json) => delete json.weightsManifest, 'modelInvalid', /names no weights/],
    ['no topology', (json) => delete json.modelTopology, 'modelInvalid', /describes no model/],
    [
      'an odd manifest',
      (json) => (json.weightsManifest = [{}]),
      'modelInvalid',
      /weightsManifest of model.json/,
    ],
    [
      'a class of the user’s own',
      (json) => {
        const topology = json.modelTopology as { config: { layers: { class_name: string }[] } };
        for (const layer of topology.config.layers) layer.class_name = 'Attention2000';
      },
      'modelUnsupported',
      /does not know: Attention2000\.$/,
    ],
    [
      'a setting that TensorFlow.js reads over',
      (json) => {
        const topology = json.modelTopology as { config: { layers: unknown[] } };
        topology.config.layers.push({ class_name: 'ReLU', config: { name: 'late', threshold: 0.1 } });
      },
      'modelUnsupported',
      /ReLU layer late sets threshold/,
    ],
    [
      'a weight too few',
      (json) => {
        const [group] = json.weightsManifest as { weights: unknown[] }[];
        group?.weights.pop();
      },
      'modelInvalid',
      /need 96 bytes, but weights.bin has 104/,
    ],
  ])('refuses a file with %s', async (name, change, code, message) => {
    const failure = await failureOf(await saved(name, change));
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  it('refuses what is no JSON, empty, or a Git LFS pointer', async () => {
    const file = await saved('text', () => undefined);
    await writeFile(file, '{ "modelTopology": ');
    expect((await failureOf(file)).message).toMatch(/^model\.json is not JSON/);
    await writeFile(file, '');
    expect((await failureOf(file)).message).toBe('model.json is empty.');
    await writeFile(file, '[1, 2]');
    expect((await failureOf(file)).message).toMatch(/describes no model/);
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 104\n';
    const other = await saved('pointer', () => undefined);
    await writeFile(join(dirname(other), 'weights.bin'), pointer);
    expect((await failureOf(other)).next).toContain('git lfs pull');
    for (const name of ['model.h5', 'model.keras', 'model.onnx', 'model.json']) {
      await writeFile(join(folder, name), pointer);
      expect((await failureOf(join(folder, name))).message).toBe(
        `${name} is a Git LFS pointer, not the file itself.`,
      );
    }
  });

  it('says how much of the weights is there when some shards are missing', async () => {
    const split = (paths: string[]) => (json: Record<string, unknown>) => {
      const [group] = json.weightsManifest as { paths: string[] }[];
      if (group) group.paths = paths;
    };
    const one = await saved('halfThere', split(['weights.bin', 'group1-shard2of2.bin']));
    expect(await failureOf(one)).toMatchObject({
      code: 'modelInvalid',
      message:
        'The weights file group1-shard2of2.bin is missing beside the model: of 104 bytes, 104 are there.',
    });
    const all = await saved('noneThere', split(['a.bin', 'b.bin']));
    expect((await failureOf(all)).message).toBe(
      '2 weights files (a.bin first) are missing beside the model: of 104 bytes, 0 are there.',
    );
  });
});

describe('a reference', () => {
  it('may lead through a folder whose name holds a #, or name the folder', async () => {
    const file = await saved('odd #1 folder', () => undefined);
    for (const reference of [file, dirname(file)]) (await open(reference)).dispose();
    expect(await failureOf(join(folder, 'odd #2 folder'))).toMatchObject({ code: 'modelNotFound' });
  });
});

describe('a saved network', () => {
  it('is what plain TensorFlow.js loads, softmax put back, and opens with the same names', async () => {
    const network = await open(resolve('test/fixtures/models/residual.ts#createResNet'));
    const target = join(folder, 'saved');
    await network.save(target);
    await network.save(target);
    const again = await openTopology(join(target, 'model.json'), { input: {} });
    const reference = await plain(join(target, 'model.json'));
    const raw = samples([8, 8, 3]);
    const { logits } = network.forward(raw, { taps: [], training: false });
    const probabilities = predict(reference, raw);
    expect(
      tf.max(tf.abs(tf.sub(tf.softmax(logits as tf.Tensor2D), probabilities))).dataSync()[0],
    ).toBeLessThan(1e-6);
    expect([...again.trainable.keys()]).toEqual([...network.trainable.keys()]);
    expect([...again.statistics.keys()]).toEqual([...network.statistics.keys()]);
    expect(again.info.taps).toEqual(network.info.taps);
    expect(again.info.macs).toBe(network.info.macs);
    expect(again.forward(raw, { taps: [], training: false }).logits.dataSync()).toEqual(logits.dataSync());
    for (const one of [network, again]) one.dispose();
    reference.dispose();
  });

  it('is described without staying in memory', async () => {
    const before = tf.memory().numTensors;
    const info = await inspectModel(resolve('test/fixtures/models/residual.ts#createResNet'));
    expect(info.layers.length).toBeGreaterThan(20);
    expect(tf.memory().numTensors).toBe(before);
  });
});
