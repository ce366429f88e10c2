import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Network } from '../../engine/models/network';
import { prepareFrozen, stepsBothWays } from './frozenTeacher';
import { tinyProject } from './tinyProject';
import { failureOf, isThere, open, shared } from './otherModels';

const isInstalled = await import('onnxruntime-node').then(
  () => true,
  () => false,
);
if (!isInstalled) console.warn('Skipped: onnxruntime-node, an optional dependency, does not load here.');

const fixtures = resolve('test/fixtures/models/onnx');
const expected: Record<string, { outputs: number[]; relu: number[] }> = JSON.parse(
  readFileSync(join(fixtures, 'expected.json'), 'utf8'),
);

beforeAll(async () => {
  await useBackend('auto');
});

/** Samples that Python makes too: `np.arange(n) * 37 % 101 / 100`, channels last. */
const ramp = (shape: readonly number[], batch = 2): tf.Tensor => {
  const size = shape.reduce((product, length) => product * length, batch);
  const values = Float32Array.from({ length: size }, (_, index) => ((index * 37) % 101) / 100);
  return tf.tensor(values, [batch, ...shape]);
};

const expectClose = (found: readonly number[], wanted: readonly number[]): void =>
  wanted.forEach((value, index) => expect(Math.abs((found[index] ?? NaN) - value)).toBeLessThan(1e-5));

const tapped = (network: Network, tap: string, batch = 2): number[] =>
  tf.tidy(() => {
    const raw = ramp(network.info.inputShape, batch);
    return [
      ...network
        .forward(raw, { taps: [tap], training: false })
        .tap(tap)
        .dataSync(),
    ];
  });

const predictions = (network: Network): number[] =>
  tf.tidy(() => {
    const raw = ramp(network.info.inputShape);
    const { logits } = network.forward(raw, { taps: [], training: false });
    return [...(network.info.softmaxRemoved ? tf.softmax(logits as tf.Tensor2D) : logits).dataSync()];
  });

describe.skipIf(!isInstalled)('an ONNX model', () => {
  it.each(['first', 'last', 'one', 'apart'])(
    '%s.onnx predicts what onnxruntime predicts, taps channels last',
    async (name) => {
      const network = await open(join(fixtures, `${name}.onnx`));
      expect(network.info).toMatchObject({
        format: 'onnx',
        inputShape: [12, 12, 1],
        outputShape: [3],
        softmaxRemoved: true,
        parameters: 45 + 5 + 15 + 3,
        macs: 45 * 36 + 15,
      });
      expect(network.info.opening).toMatchObject({ read: 5, matched: 5, unexpected: [] });
      expect(network.info.layers.find((layer) => layer.name === 'maps')).toEqual({
        name: 'maps',
        kind: 'Conv',
        shape: [6, 6, 5],
        parameters: 50,
        macs: 45 * 36,
      });
      expectClose(predictions(network), expected[name]?.outputs ?? []);
      expectClose(tapped(network, 'relu'), expected[name]?.relu ?? []);
      expectClose(tapped(network, 'last'), expected[name]?.relu ?? []);
      network.dispose();
    },
  );

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const network = await open(join(fixtures, 'one.onnx'));
    tapped(network, 'relu', 3);
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('teaches: it runs before each step, with the losses that single operations give', async () => {
    const project = await tinyProject();
    const prepared = await prepareFrozen(project, { teacher: { model: join(fixtures, 'first.onnx') } });
    const { found, wanted, notes, left } = stepsBothWays(prepared);
    expect({ notes, left }).toEqual({ notes: [], left: 0 });
    wanted.forEach((numbers, step) => {
      for (const [name, value] of Object.entries(numbers))
        expect(found[step]?.[name], name).toBeCloseTo(value, 4);
    });
    prepared.dispose();
    await project.remove();
  });

  it('whose weights lie in another file says what that file lacks', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'retort-onnx-'));
    const [file, weights] = [join(folder, 'apart.onnx'), join(folder, 'apart.weights')];
    await copyFile(join(fixtures, 'apart.onnx'), file);
    expect(await failureOf(file)).toMatchObject({
      code: 'modelInvalid',
      message: 'apart.onnx keeps its weights in apart.weights, which is missing beside it.',
    });
    await writeFile(weights, readFileSync(join(fixtures, 'apart.weights')).subarray(0, 100));
    expect((await failureOf(file)).message).toBe('The weights need 240 bytes, but apart.weights has 100.');
    const leaving = readFileSync(file).toString('latin1').replaceAll('apart.weights', '../art.weight');
    await writeFile(file, leaving, 'latin1');
    expect(await failureOf(file)).toMatchObject({
      code: 'modelUnsupported',
      message: 'apart.onnx names weights outside its own folder: ../art.weight.',
    });
    await rm(folder, { recursive: true });
  });

  it('that is cut short, or is none, is refused in one sentence', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'retort-onnx-'));
    const file = join(folder, 'cut.onnx');
    await writeFile(file, readFileSync(join(fixtures, 'first.onnx')).subarray(0, 300));
    expect(await failureOf(file)).toMatchObject({
      code: 'modelInvalid',
      message: 'cut.onnx is cut short or no ONNX model.',
    });
    await writeFile(file, 'no model at all');
    expect((await failureOf(file)).code).toBe('modelInvalid');
    await rm(folder, { recursive: true });
  });
});

// What onnxruntime 1.30 gives for `ramp`, turned channels first.
describe.skipIf(!isThere || !isInstalled)('ONNX models of other projects', () => {
  it.each<[string, number[], number[], number, number[]]>([
    [
      'sparseml-tests-model.onnx',
      [28, 28, 3],
      [10],
      5_418,
      [
        0.5398743, 0.5076426, 0.4759098, 0.490089, 0.4972151, 0.4536524, 0.4716803, 0.545419, 0.4672793,
        0.5041359,
      ],
    ],
    [
      'linzaer-version-slim-320.onnx',
      [240, 320, 3],
      [4420, 4],
      264_732,
      [0.008209348, 0.01409055, 0.02012035, 0.0332779, -0.001783609, -0.002159841, 0.03673264, 0.05640656],
    ],
  ])('%s predicts what onnxruntime predicts', async (name, inputShape, outputShape, parameters, wanted) => {
    const network = await open(join(shared, 'onnx', name));
    expect(network.info).toMatchObject({ inputShape, outputShape, parameters });
    expect(network.info.uncounted).toBeUndefined();
    expectClose(predictions(network), wanted);
    network.dispose();
  });
});
