import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Network } from '../../engine/models/network';
import { writeFrozenGraph } from '../fixtures/frozenGraph';
import { prepareFrozen, stepsBothWays } from './frozenTeacher';
import { tinyProject, type TinyProject } from './tinyProject';
import { failureOf, isThere, open, shared } from './otherModels';

let folder = '';
beforeAll(async () => {
  await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-graph-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Samples that Python makes too: `np.arange(n) * 37 % 101 / 100`. */
const ramp = (shape: readonly number[], batch = 2): tf.Tensor => {
  const size = shape.reduce((product, length) => product * length, batch);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, index) => ((index * 37) % 101) / 100),
    [batch, ...shape],
  );
};

const predictions = (network: Network, batch = 2): number[] =>
  tf.tidy(() => {
    const { logits } = network.forward(ramp(network.info.inputShape, batch), { taps: [], training: false });
    return [...(network.info.softmaxRemoved ? tf.softmax(logits as tf.Tensor2D) : logits).dataSync()];
  });

const expectClose = (found: readonly number[], wanted: readonly number[], scale = 1): void =>
  wanted.forEach((value, index) =>
    expect(Math.abs((found[index] ?? NaN) - value)).toBeLessThan(1e-5 * scale),
  );

// What TensorFlow 2.21 gives for `ramp` with the nodes and weights of the file as a GraphDef.
describe.skipIf(!isThere)('graph-models of other projects', () => {
  it.each<[string, number[], number[], number[]]>([
    [
      'human-emotion-mini/emotion-mini.json',
      [64, 64, 1],
      [7],
      [0.01290939, 6.51397e-7, 0.003534522, 0.9465885, 0.03559902, 0.001238655, 0.000129312, 0.01412202],
    ],
    [
      'tensorspace-lenet-graph/model.json',
      [28, 28, 1],
      [10],
      [
        0.002683386, 6.588439e-6, 0.003062476, 0.0003676495, 0.001361078, 0.001924986, 0.006195511,
        9.623688e-6,
      ],
    ],
    ['tfjs-e2e-graph/model.json', [2], [2], [0.2735725, 0.0986537, 0.08679707, -0.3064297]],
  ])('%s predicts what TensorFlow predicts', async (name, inputShape, outputShape, wanted) => {
    const network = await open(join(shared, 'tfjs-graph', name));
    expect(network.info).toMatchObject({ format: 'graph-model', inputShape, outputShape });
    expect(network.info.uncounted).toBeUndefined();
    expectClose(predictions(network), wanted);
    network.dispose();
  });

  it('runs a detector that was made for one sample on several, its inner nodes as taps', async () => {
    const network = await open(join(shared, 'tfjs-graph/human-blazeface/blazeface.json'));
    expect(network.info).toMatchObject({ outputShape: [512, 16], parameters: 134_704 });
    const wanted = [-2.930203, -4.077564, 56.8233, 56.82393, -17.60266, -6.210813, -0.07548964];
    expectClose(predictions(network, 1), wanted, 100);
    const raw = tf.tidy(() => tf.tile(ramp(network.info.inputShape, 1), [2, 1, 1, 1]));
    const taps = ['StatefulPartitionedCall/functional_1/conv2d/Relu'];
    const outputs = network.forward(raw, { taps, training: false });
    expect(outputs.tap(taps[0] ?? '').shape).toEqual([2, 128, 128, 24]);
    const [first, second] = tf.split(outputs.logits, 2);
    expect(first?.dataSync()).toEqual(second?.dataSync());
    network.dispose();
  });

  it('says which weights file is missing', async () => {
    expect(await failureOf(join(shared, 'broken/graph-no-weights-human-faceres/faceres.json'))).toMatchObject(
      { code: 'modelInvalid', message: expect.stringMatching(/faceres\.bin is missing/) },
    );
  });
});

describe('a graph-model', () => {
  it('is counted by hand: shapes, parameters and multiply-accumulates of its nodes', async () => {
    const network = await open(await writeFrozenGraph(join(folder, 'open'), null));
    const row = (name: string, kind: string, shape: number[], parameters: number, macs: number) => ({
      name,
      kind,
      shape,
      parameters,
      macs,
    });
    expect(network.info.layers).toEqual([
      row('input', 'InputLayer', [12, 12, 1], 0, 0),
      row('conv', 'Conv2D', [6, 6, 5], 45, 45 * 36),
      row('shifted', 'BiasAdd', [6, 6, 5], 5, 0),
      row('relu', 'Relu', [6, 6, 5], 0, 0),
      row('mean', 'Mean', [5], 0, 0),
      row('flat', 'Reshape', [5], 0, 0),
      row('scores', 'MatMul', [3], 15, 15),
      row('probabilities', 'Softmax', [3], 0, 0),
    ]);
    expect(network.info).toMatchObject({
      parameters: 65,
      macs: 45 * 36 + 15,
      softmaxRemoved: true,
      name: 'frozen',
      opening: { read: 5, matched: 5, missing: [], unexpected: [], ignored: [] },
    });
    expect(network.outsideStep).toBe(false);
    network.dispose();
  });

  it('made for one sample gives for many what each gives alone', async () => {
    const [any, one] = [
      await open(await writeFrozenGraph(join(folder, 'any'), null)),
      await open(await writeFrozenGraph(join(folder, 'one'), 1)),
    ];
    expect(one.outsideStep).toBe(true);
    expect(one.info.taps).toEqual(any.info.taps);
    expectClose(predictions(one, 3), predictions(any, 3));
    expect(await one.hash()).not.toBe(await any.hash());
    for (const network of [any, one]) network.dispose();
  });

  it('leaves no tensor behind, opened or refused', async () => {
    const file = await writeFrozenGraph(join(folder, 'memory'), null);
    const before = tf.memory().numTensors;
    const network = await open(file);
    predictions(network);
    network.dispose();
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"op":"Relu"', '"op":"Swirl"'));
    expect(await failureOf(file)).toMatchObject({
      code: 'modelUnsupported',
      message: expect.stringMatching(/cannot run the graph-model frozen\.json: .*Swirl/),
    });
    await writeFile(file, text.replace('"op":"Relu"', '"op":"StatelessWhile"'));
    expect((await failureOf(file)).message).toMatch(
      /decides while it runs what it computes \(StatelessWhile\)/,
    );
    await writeFile(file, text.replace('{"size":"12"}', '{"size":"-1"}'));
    expect((await failureOf(file)).message).toMatch(/leaves lengths of its input open: \[\?, 12, 1\]/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a run with a frozen teacher', () => {
  let project: TinyProject;
  beforeAll(async () => {
    project = await tinyProject();
  });
  afterAll(() => project.remove());

  it.each([
    ['as part of the step', null],
    ['before the step, where it cannot be part of it', 1],
  ])('runs it %s, with the losses that single operations give', async (_, batch) => {
    const teacher = await writeFrozenGraph(join(project.folder, `frozen-${batch}`), batch);
    const prepared = await prepareFrozen(project, { teacher: { model: teacher } });
    const { found, wanted, notes, left } = stepsBothWays(prepared);
    expect({ notes, left }).toEqual({ notes: [], left: 0 });
    wanted.forEach((numbers, step) => {
      for (const [name, value] of Object.entries(numbers))
        expect(found[step]?.[name], name).toBeCloseTo(value, 4);
    });
    expect(found[2]?.['loss/kd']).not.toBe(found[0]?.['loss/kd']);
    prepared.dispose();
  });

  it('refuses to train one', async () => {
    const model = await writeFrozenGraph(join(project.folder, 'untrained'), null);
    const failure = (error: unknown) => error as { message: string; next: string };
    const asStudent = failure(
      await prepareFrozen(project, { student: model }).catch((error: unknown) => error),
    );
    expect(asStudent.message).toMatch(/The student frozen is a frozen graph-model file/);
    const trained = { teacher: { model, train: { epochs: 1 } } };
    const asTeacher = failure(await prepareFrozen(project, trained).catch((error: unknown) => error));
    expect(asTeacher.next).toMatch(/Leave "train" out/);
  });
});
