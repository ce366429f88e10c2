import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Network } from '../../engine/models/network';
import { openTopology } from '../../engine/models/open';
import { requireExportable } from '../../engine/run/checks';
import { failureOf, isThere, open, shared } from './otherModels';

beforeAll(async () => {
  await useBackend('auto');
});

/** Two samples that Python makes too: `np.arange(n) * 37 % 101 / 100`; times `tokens` and cut for a model of words. */
const ramp = (shape: readonly number[], tokens = 1): tf.Tensor => {
  const size = shape.reduce((product, length) => product * length, 2);
  const value = (index: number): number => (((index * 37) % 101) / 100) * tokens;
  const values = Float32Array.from({ length: size }, (_, index) => value(index));
  return tf.tensor(tokens === 1 ? values : values.map(Math.trunc), [2, ...shape]);
};

const predictions = (network: Network, tokens = 1): number[] =>
  tf.tidy(() => {
    const raw = ramp(network.info.inputShape, tokens);
    const { logits } = network.forward(raw, { taps: [], training: false });
    const outputs = network.info.softmaxRemoved ? tf.softmax(logits as tf.Tensor2D) : logits;
    return [...outputs.dataSync()];
  });

const expectClose = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, index) => expect(Math.abs(value - (wanted[index] ?? NaN))).toBeLessThan(1e-5));
};

// What Keras gave for the two samples of `ramp`: keras.saving.load_model(file, compile=False).predict(ramp). Keras 3
// refuses tensorspace-mnist.h5, so there its weights were set in a Sequential of the same layers.
const resnet = [
  0.3664492, 0.0006200554, 0.00177746, 0.06381965, 0.3656461, 0.005178428, 0.1582827, 0.01321311, 0.01854746,
  0.006465881, 0.3658175, 0.0006524855, 0.001668243, 0.06333467, 0.3676222, 0.005144321, 0.1567551,
  0.01328548, 0.01899908, 0.006720917,
];

describe.skipIf(!isThere)('Keras files of other projects', () => {
  it.each([
    ['keras-h5/mlcommons-pretrainedResnet.h5', 78_666, resnet],
    ['keras-v3/mlcommons-resnet8-cifar10.keras', 78_666, resnet],
    [
      'keras-h5/oarriaga-fer2013_mini_XCEPTION.102-0.66.hdf5',
      58_423,
      [
        0.01290939, 6.513952e-7, 0.003534516, 0.9465885, 0.03559895, 0.001238655, 0.0001293117, 0.01412203,
        7.399252e-7, 0.004672801, 0.9379302, 0.04147702, 0.001685333, 0.0001117633,
      ],
    ],
    ['keras-v3/keras-fork-acsweet-model.keras', 16, [0.1726585, 0.2288687]],
    [
      'keras-h5/tensorspace-mnist.h5',
      44_426,
      [
        0.8007433, 0.04752378, 0.0003319544, 0.0005179319, 0.000508226, 0.00972182, 0.02585579, 0.001832287,
        0.1075524, 0.005412388, 0.9242399, 0.004146525, 0.0003086172, 0.0003479676, 0.0001011119, 0.002708994,
        0.01994121, 0.001607463, 0.03517156, 0.01142653,
      ],
    ],
  ])('%s predicts what Keras 3.15 predicts', async (name, parameters, wanted) => {
    const network = await open(join(shared, name));
    expect(network.info).toMatchObject({ format: 'keras', parameters });
    const { read, matched, unexpected } = network.info.opening ?? {};
    expect({ matched, unexpected }).toEqual({ matched: read, unexpected: [] });
    expectClose(predictions(network), wanted);
    network.dispose();
  });
  it('refuses a class of the user’s own in one sentence', async () => {
    expect(await failureOf(join(shared, 'keras-v3/keras-fork-bugged_model.keras'))).toMatchObject({
      code: 'modelUnsupported',
      message: 'The model uses layers that TensorFlow.js does not know: TestModel.',
    });
  });
});

const fixtures = resolve('test/fixtures/models/keras');
const expected: Record<string, { parameters: number; outputs: number[] }> = JSON.parse(
  readFileSync(join(fixtures, 'expected.json'), 'utf8'),
);

describe('Keras files of layers that Keras and TensorFlow.js spell differently', () => {
  it.each(['images.keras', 'images.h5', 'words.keras', 'operators.keras', 'operators.h5'])(
    '%s predicts what Keras predicts',
    async (name) => {
      const wanted = expected[name.split('.')[0] ?? ''];
      const network = await open(join(fixtures, name));
      expect(network.info.parameters).toBe(wanted?.parameters);
      const { read, matched, missing, unexpected, ignored } = network.info.opening ?? {};
      expect({ matched, missing, unexpected }).toEqual({ matched: read, missing: [], unexpected: [] });
      expect(ignored).toEqual(expect.arrayContaining(['training configuration', 'optimizer state']));
      expectClose(predictions(network, name.startsWith('words') ? 10 : 1), wanted?.outputs ?? []);
      network.dispose();
    },
  );

  it('trains, saves and opens as any layers-model; frozen layers stay frozen', async () => {
    const network = await open(join(fixtures, 'images.keras'));
    expect(network.info.opening?.ignored).toContain('regularizers of 1 layer');
    expect([...network.trainable.keys()].some((name) => name.startsWith('frozen/'))).toBe(false);
    const raw = ramp(network.info.inputShape);
    const { value, grads } = tf.variableGrads(
      () => tf.mean(tf.square(network.forward(raw, { taps: [], training: true }).logits)) as tf.Scalar,
      [...network.trainable.values()],
    );
    expect(Object.keys(grads)).toHaveLength(network.trainable.size);
    tf.dispose([value, grads, raw]);
    const folder = await mkdtemp(join(tmpdir(), 'retort-keras-'));
    await network.save(folder);
    const again = await openTopology(join(folder, 'model.json'), { input: {} });
    expect(predictions(again)).toEqual(predictions(network));
    network.dispose();
    again.dispose();
    await rm(folder, { recursive: true });
  });

  it('is no student that could be exported where TensorFlow.js lacks an activation', async () => {
    const network = await open(join(fixtures, 'operators.keras'));
    expect(() => requireExportable(network)).toThrow(/operators uses the activation hardSilu/);
    network.dispose();
  });

  it('is the same model under any name, and leaves nothing behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'retort-keras-'));
    const before = tf.memory().numTensors;
    for (const name of ['images.keras', 'images.h5']) {
      await cp(join(fixtures, name), join(folder, 'model'));
      const network = await open(join(folder, 'model'));
      expect(network.info.taps).toContain('separable');
      network.dispose();
    }
    expect(tf.memory().numTensors).toBe(before);
    await rm(folder, { recursive: true });
  });
});

type Layer = { class_name: string; config: Record<string, unknown> };

describe('a Keras file is refused', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-keras-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const entries = (): Record<string, Uint8Array> =>
    unzipSync(new Uint8Array(readFileSync(join(fixtures, 'images.keras'))));

  const changed = async (change: (layer: (name: string) => Layer) => void): Promise<string> => {
    const files = entries();
    const topology = JSON.parse(strFromU8(files['config.json'] as Uint8Array));
    change((name) => topology.config.layers.find((one: Layer) => one.config.name === name));
    const target = join(folder, 'changed.keras');
    await writeFile(target, zipSync({ ...files, 'config.json': strToU8(JSON.stringify(topology)) }));
    return target;
  };

  it.each<[string, string, (layer: Layer) => void, RegExp]>([
    [
      'an unknown activation',
      'hidden',
      ({ config }) => (config.activation = 'squareplus'),
      /hidden.*squareplus/,
    ],
    [
      'channels first',
      'stem',
      ({ config }) => (config.data_format = 'channels_first'),
      /stem.*channels_first/,
    ],
    ['bilinear upsampling', 'up', ({ config }) => (config.interpolation = 'bilinear'), /up uses bilinear/],
    ['groups', 'stem', ({ config }) => (config.groups = 3), /stem sets groups/],
    ['a custom class', 'stem', (layer) => (layer.class_name = 'Mine>Swirl'), /does not know: Mine>Swirl\.$/],
  ])('for %s', async (_, name, change, message) => {
    const failure = await failureOf(await changed((find) => change(find(name))));
    expect(failure).toMatchObject({ code: 'modelUnsupported', message: expect.stringMatching(message) });
    expect(failure.next).not.toBe('');
  });

  it('for weights that do not fit, with both shapes', async () => {
    const before = tf.memory().numTensors;
    const failure = await failureOf(await changed((find) => (find('hidden').config.units = 8)));
    expect(failure).toMatchObject({
      code: 'modelInvalid',
      message: 'The layer hidden needs weights of [12, 8], [8], but the file holds [12, 7], [7] for it.',
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('for an operation that no layer does', async () => {
    const file = await changed((find) => (find('add').class_name = 'Subtract'));
    expect((await failureOf(file)).message).toMatch(/computes Subtract by an operation outside a layer/);
  });

  it('for weights alone, a cut file, a zip of something else', async () => {
    const weights = join(folder, 'weights.h5');
    await writeFile(weights, entries()['model.weights.h5'] as Uint8Array);
    expect((await failureOf(weights)).message).toBe(
      'weights.h5 holds weights without the model that they belong to.',
    );
    await truncate(weights, 9000);
    expect((await failureOf(weights)).message).toBe('weights.h5 is cut short or damaged.');
    const archive = join(folder, 'archive.keras');
    await writeFile(archive, zipSync({ 'readme.json': strToU8('{}') }));
    expect((await failureOf(archive)).message).toMatch(/zip archive without config\.json/);
    await writeFile(archive, readFileSync(join(fixtures, 'images.keras')).subarray(0, 5000));
    expect((await failureOf(archive)).message).toMatch(/cut short or damaged/);
  });
});
