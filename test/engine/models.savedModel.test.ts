import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { installedRuntimes } from '../../engine/backend/runtime';
import type { Network } from '../../engine/models/network';
import { inspectModel } from '../../engine/models/inspect';
import { prepareFrozen, stepsBothWays } from './frozenTeacher';
import { failureOf, open } from './otherModels';
import { tinyProject } from './tinyProject';

const isInstalled = installedRuntimes().length > 0;
if (!isInstalled) console.warn('Skipped: TensorFlow is not installed; run `retort backends --install`.');

const fixtures = resolve('test/fixtures/models/tensorflow');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8'));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-saved-model-'));
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(join(fixtures, 'models.zip'))))) {
    if (name.endsWith('/')) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (reference: string): string => join(folder, reference);

/** From 0 to 1, as Python makes them. */
const ramp = (...shape: number[]): tf.Tensor =>
  tf
    .linspace(
      0,
      1,
      shape.reduce((product, length) => product * length),
    )
    .reshape(shape);

const expectClose = (found: readonly number[], wanted: readonly number[]): void => {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, index) =>
    expect(Math.abs((found[index] ?? NaN) - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))),
  );
};

const valuesOf = (network: Network, raw: tf.Tensor, tap: string): number[] =>
  tf.tidy(() => {
    const outputs = network.forward(raw, { taps: [tap], training: false });
    const value = outputs.tap(tap);
    const isSoftmax = tap === 'logits' && network.info.softmaxRemoved;
    return [...(isSoftmax ? tf.softmax(value as tf.Tensor2D) : value).dataSync()];
  });

describe.skipIf(!isInstalled)('a SavedModel on TensorFlow', () => {
  beforeEach(async () => void (await useBackend('tensorflow')));

  it('of Keras predicts what Keras predicts, and what is inside its functions can be tapped', async () => {
    const network = await open(at('keras'));
    const { parameters, output, relu } = expected.keras;
    expect(network.info).toMatchObject({
      format: 'saved-model',
      name: 'keras',
      inputShape: [8, 8, 3],
      outputShape: [5],
      softmaxRemoved: true,
      parameters,
      macs: 64 * (27 * 4 + 9 * 4 + 16) + 20,
    });
    const pictures = ramp(2, 8, 8, 3);
    expectClose(valuesOf(network, pictures, 'logits'), output.flat());
    const tap = network.info.layers.find(({ kind }) => kind === 'Relu');
    expect(tap?.shape).toEqual([8, 8, 4]);
    expectClose(valuesOf(network, pictures, tap?.name ?? ''), relu);
    expect(network.info.layers.find(({ kind }) => kind === 'DepthwiseConv2dNative')).toMatchObject({
      parameters: 36,
      macs: 64 * 36,
    });
    network.dispose();
  });

  it('opens with the signature that is named behind the folder', async () => {
    const ranked = await open(at('heads#ranked'));
    expect(ranked.info.opening).toEqual({
      read: 2,
      matched: 2,
      missing: [],
      unexpected: [],
      ignored: ['the signature looped'],
    });
    expectClose(valuesOf(ranked, ramp(2, 6), 'logits'), expected.heads.ranked.flat());
    expect(ranked.info.taps).toContain('split');
    ranked.dispose();
    const looped = await open(at('heads#looped'));
    expectClose(valuesOf(looped, ramp(2, 6), 'logits'), expected.heads.looped.flat());
    looped.dispose();
    expect(await failureOf(at('heads#other'))).toMatchObject({
      code: 'modelNotFound',
      message: 'heads has no signature other.',
      next: 'Name one of its signatures: looped, ranked.',
    });
  });

  it('of TensorFlow 1 opens, its variables counted', async () => {
    const network = await open(at('first'));
    expect(network.info).toMatchObject({ parameters: 54, macs: 54 * 16, outputShape: [3] });
    expectClose(valuesOf(network, ramp(2, 4, 4, 2), 'logits'), expected.first.flat());
    expect(network.info.taps).toContain('rectified');
    network.dispose();
  });

  it('that takes uint8 and one sample at a time is given both', async () => {
    const network = await open(at('pixels'));
    const pictures = tf.range(0, 32).reshape([2, 4, 4, 1]);
    expectClose(valuesOf(network, pictures, 'logits'), expected.pixels.flat());
    network.dispose();
  });

  it('leaves no tensor behind, and is told from another by its hash', async () => {
    const before = tf.memory().numTensors;
    const hashes = new Set<string>();
    for (const name of ['heads#ranked', 'heads#looped', 'first']) {
      const network = await open(at(name));
      hashes.add(await network.hash());
      network.dispose();
    }
    expect(hashes.size).toBe(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('teaches: it runs before each step, with the losses that single operations give', async () => {
    const project = await tinyProject();
    const prepared = await prepareFrozen(project, { teacher: { model: at('bars') } });
    const { found, wanted, notes, left } = stepsBothWays(prepared);
    expect({ notes, left }).toEqual({ notes: [], left: 0 });
    wanted.forEach((numbers, step) => {
      for (const [name, value] of Object.entries(numbers))
        expect(found[step]?.[name], name).toBeCloseTo(value, 4);
    });
    prepared.dispose();
    await project.remove();
  });

  it('whose functions cannot be written out and checked gives its outputs, and says so', async () => {
    const network = await open(at('noisy'));
    expect(network.info).toMatchObject({
      taps: ['scores', 'logits'],
      parameters: 24,
      uncounted: ['scores'],
      outputShape: [4],
    });
    expect(network.info.opening?.ignored).toEqual([
      'the values between input and outputs, which cannot be tapped: written out, its functions compute something else',
    ]);
    network.dispose();
  });

  it('that is damaged, or lacks its variables, is refused in one sentence', async () => {
    mkdirSync(at('cut'));
    writeFileSync(at('cut/saved_model.pb'), readFileSync(at('keras/saved_model.pb')).subarray(0, 3000));
    expect(await failureOf(at('cut'))).toMatchObject({
      code: 'modelInvalid',
      message: 'cut is cut short or no TensorFlow SavedModel.',
    });
    mkdirSync(at('bare'));
    writeFileSync(at('bare/saved_model.pb'), readFileSync(at('keras/saved_model.pb')));
    expect(await failureOf(at('bare'))).toMatchObject({
      code: 'modelInvalid',
      message: 'bare lacks its variables/variables.index.',
    });
    mkdirSync(at('bare/variables'));
    writeFileSync(at('bare/variables/variables.index'), readFileSync(at('keras/variables/variables.index')));
    const bare = await failureOf(at('bare'));
    expect(bare).toMatchObject({ code: 'modelInvalid' });
    expect(bare.message).toMatch(/^bare lacks files of its variables: .*data-00000-of-00001/);
    expect(await failureOf(at('without-values'))).toMatchObject({
      code: 'modelInvalid',
      next: 'Save the model with model.export("folder").',
    });
  });
});

describe('a SavedModel elsewhere', () => {
  it('is refused with the way to TensorFlow', async () => {
    await useBackend('cpu');
    const failure = await failureOf(at('keras'));
    expect(failure).toMatchObject({
      code: 'backendMissing',
      message: 'keras is a TensorFlow SavedModel, which needs native TensorFlow.',
    });
    expect(failure.next).toContain('Set Up Native TensorFlow');
    await expect(inspectModel(at('keras/saved_model.pb'))).rejects.toMatchObject({ code: 'backendMissing' });
  });
});
