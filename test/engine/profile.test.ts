import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { ModelProfile } from '../../engine/contract/profile';
import type { BackendChoice } from '../../engine/contract/run';
import { compareModels } from '../../engine/profile/compare';
import { profileModel } from '../../engine/profile/profile';
import { comparisonDocument, formatComparison } from '../../engine/terminal/profileTable';
import { runCommand } from './command';
import { isThere, shared } from './otherModels';

const fixture = (name: string): string => resolve('test/fixtures/models', name);

let backend: BackendChoice;
let folder = '';
beforeAll(async () => {
  backend = await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-profile-'));
});
afterAll(() => rm(folder, { recursive: true }));

const profile = async (reference: string): Promise<ModelProfile> =>
  (await profileModel(reference, backend)).profile;

const written = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

/** What must hold for every profile, whatever the machine. */
const expectSound = ({ model, layers, latency, sizes, peakActivationBytes }: ModelProfile): void => {
  expect(layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
  expect(layers.reduce((sum, { macs }) => sum + macs, 0)).toBe(model.macs);
  const timed = layers.flatMap((layer) => layer.latency ?? []);
  expect(timed.length).toBeGreaterThan(0);
  const sum = timed.reduce((total, { median }) => total + median, 0);
  expect(sum).toBeGreaterThan(0);
  // A pass has the input's way in and the answer's way out beside its layers, and neighbours share the machine.
  expect(latency.median).toBeGreaterThan(sum / 20);
  expect(layers.reduce((total, { share }) => total + (share ?? 0), 0)).toBeCloseTo(1);
  expect(sizes).toMatchObject({ float32: 4 * model.parameters, float16: 2 * model.parameters });
  expect(sizes.int8).toBeGreaterThan(model.parameters);
  const largest = Math.max(...layers.map(({ activationBytes }) => activationBytes));
  expect(peakActivationBytes).toBeGreaterThanOrEqual(largest);
};

describe('a profile', () => {
  it('of model code: layers as they are executed, each with what it costs', async () => {
    const found = await profile(fixture('residual.ts#createResNet'));
    expectSound(found);
    // A layers model's operations end before their calls do: what they take is most of the whole.
    const sum = found.layers.reduce((total, { latency }) => total + (latency?.median ?? 0), 0);
    expect(sum).toBeLessThan(20 * found.latency.median);
    expect(found.layers.filter(({ latency }) => latency === null).map(({ kind }) => kind)).toEqual([
      'InputLayer',
    ]);
    expect(found.backend).toEqual(backend);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await profile(fixture('residual.ts#createResNet'));
    await profile(fixture('onnx/first.onnx')).catch(() => undefined);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names what is not counted, in the table and in the document', async () => {
    const comparison = await compareModels(null, fixture('blocks.ts#network'), backend);
    expect(formatComparison(comparison)).toMatch(
      /unknown +multiply-accumulates of scale_Scale2, scale_Scale1/,
    );
    expect(comparisonDocument(comparison)).toMatchObject({ uncounted: ['scale_Scale2', 'scale_Scale1'] });
  });

  it('takes a model of one layer, and one that is shared and nested', async () => {
    const text = (body: string) => `const tf = require('@tensorflow/tfjs');\nexports.make = () => ${body};\n`;
    const one = await written(
      'one.cjs',
      text('tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] })'),
    );
    const single = await profile(one);
    expectSound(single);
    expect(single.peakActivationBytes).toBe((4 + 3) * 4);
    const twice = await written(
      'twice.cjs',
      text(`{
        const part = tf.sequential({ name: 'part', layers: [tf.layers.dense({ units: 4, inputShape: [4] }), tf.layers.reLU()] });
        const x = tf.input({ shape: [4], name: 'in' });
        return tf.model({ inputs: x, outputs: part.apply(part.apply(x)) });
      }`),
    );
    const nested = await profile(twice);
    expectSound(nested);
    expect(nested.layers).toMatchObject([{ name: 'in' }, { name: 'part', macs: 32, parameters: 20 }]);
  });
});

describe('two profiles', () => {
  const narrow = fixture('sequential.ts#createModel');

  it('stand side by side, with ratios', async () => {
    const { teacher, student, ratios } = await compareModels(
      fixture('residual.ts#createResNet'),
      narrow,
      backend,
    );
    expect(teacher?.model.name).not.toBe(student.model.name);
    const parameters = student.model.parameters / (teacher?.model.parameters ?? 0);
    expect(ratios).toMatchObject({ parameters, bytes: parameters });
    expect(ratios?.macs).toBe(student.model.macs / (teacher?.model.macs ?? 0));
    expect(ratios?.peak).toBe(student.peakActivationBytes / (teacher?.peakActivationBytes ?? 0));
  });

  it('of one network are the same but for the time', async () => {
    const comparison = await compareModels(narrow, narrow, backend);
    expect(comparison.ratios).toMatchObject({ parameters: 1, macs: 1, bytes: 1, peak: 1 });
    expect(comparison.limits.length).toBeGreaterThan(0);
    const text = formatComparison(comparison);
    for (const part of ['parameters', 'teacher', 'What limits it:', `on ${backend.name} (`, 'in int8'])
      expect(text).toContain(part);
    const document = comparisonDocument(comparison) as Record<string, unknown>;
    expect(document).toMatchObject({
      parameters: comparison.student.model.parameters,
      teacher: { macs: comparison.student.model.macs },
      layers: comparison.student.layers.map(({ name }) => ({ name })),
    });
  });
});

// Parameters as Keras 3.15's `count_params()` gives them for these files; multiply-accumulates counted by hand.
describe.skipIf(!isThere)('profiles of models of other projects', () => {
  it.each([
    ['keras-v3/mlcommons-resnet8-cifar10.keras', 78_666, 12_501_632, 3 * 32 * 32 * 16 * 4],
    ['tfjs-layers/mlcommons-resnet8-cifar10', 78_666, 12_501_632, 3 * 32 * 32 * 16 * 4],
    ['tfjs-layers/tfjs-e2e-layers', 2_300, null, null],
    ['tfjs-graph/tensorspace-lenet-graph', 44_426, 281_640, null],
    ['tfjs-graph/human-emotion-mini', 56_215, null, null],
    ['onnx/sparseml-tests-model.onnx', 5_418, 310_784, 14 * 14 * 16 * 2 * 4],
  ])('%s', async (name, parameters, macs, peak) => {
    const found = await profile(join(shared, name));
    expectSound(found);
    expect(found.model.parameters).toBe(parameters);
    if (macs !== null) expect(found.model.macs).toBe(macs);
    if (peak !== null) expect(found.peakActivationBytes).toBe(peak);
  });

  it('see as far as their convolutions reach, layer by layer, in both formats', async () => {
    const layers = await profile(join(shared, 'tfjs-layers/tensorspace-lenet-mnistjson/mnist.json'));
    const graph = await profile(join(shared, 'tfjs-graph/tensorspace-lenet-graph'));
    const maps = ({ layers: all }: ModelProfile) =>
      all.filter(({ kind }) => /Conv|Pool/.test(kind)).map(({ receptiveField }) => receptiveField);
    // 5x5; pooling by two; 5x5 at a step of two; pooling by two at that step.
    expect(maps(graph)).toEqual([5, 6, 14, 16]);
    expect(maps(layers)).toEqual([5, 6, 14, 16]);
    for (const { layers: all } of [layers, graph]) expect(all.at(-1)?.receptiveField).toBeNull();
  });
});

describe('retort profile', () => {
  it('prints one document with the teacher beside the student, or a failure in a sentence', async () => {
    const student = fixture('sequential.ts#createModel');
    const args = ['profile', student, '--teacher', fixture('residual.ts#createResNet'), '--json'];
    const { code, output } = await runCommand([...args, '--backend', 'cpu']);
    expect(code).toBe(0);
    const document = JSON.parse(output);
    expect(document).toMatchObject({
      reference: student,
      parameters: 151,
      backend: { name: 'cpu' },
      sizes: { float32: 604, float16: 302, int8: 151 + 4 * 8 },
      teacher: { name: expect.any(String) },
      ratios: { parameters: 151 / document.teacher.parameters },
    });
    expect(document.layers[1]).toMatchObject({
      kind: 'Conv2D',
      shape: [6, 6, 4],
      parameters: 40,
      macs: 36 * 36,
      activationBytes: 36 * 4 * 4,
      receptiveField: 3,
      location: { line: 4 },
    });
    expect(document.layers[1].latency.median).toBeGreaterThan(0);
    const started = await runCommand(['profile', student, '--weights', student, '--backend', 'cpu']);
    expect(started.output).toContain('weights  read 4, matched 4');
    const failed = await runCommand(['profile', fixture('absent.ts'), '--json']);
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.output)).toMatchObject({ failure: { code: 'modelNotFound' } });
  });
});
