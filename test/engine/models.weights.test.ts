import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { FrozenRecipe } from '../../engine/contract/run';
import type { Network } from '../../engine/models/network';
import { openStarted } from '../../engine/models/startWeights';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun } from '../../engine/run/prepare';
import { startNotes } from '../../engine/run/startNotes';
import { isThere, open, shared } from './otherModels';
import { tinyProject } from './tinyProject';

let folder = '';
beforeAll(async () => {
  await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-weights-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Layers {
  names: readonly [string, string, string];
  classes?: number;
}

/** Model code: a convolution, a normalisation and a head, under names of one's choice. */
const written = async (name: string, { names, classes = 3 }: Layers): Promise<string> => {
  const [conv, norm, head] = names;
  const file = join(folder, `${name}.cjs`);
  await writeFile(
    file,
    `const tf = require('@tensorflow/tfjs');
exports.net = () => tf.sequential({ layers: [
  tf.layers.conv2d({ name: '${conv}', inputShape: [6, 6, 1], filters: 4, kernelSize: 3 }),
  tf.layers.batchNormalization({ name: '${norm}' }),
  tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
  tf.layers.dense({ name: '${head}', units: ${classes} }),
] });\n`,
  );
  return file;
};

const saved = async (file: string, name: string): Promise<string> => {
  const network = await open(file, 'trained elsewhere');
  const [norm] = [...network.statistics.values()];
  norm?.assign(norm.add(0.5));
  await network.save(join(folder, name));
  network.dispose();
  return join(folder, name, 'model.json');
};

const started = (file: string, weights: string): Promise<Network> =>
  openStarted(file, { input: {}, seed: 'one', weights });

const valuesOf = (network: Network): number[][] =>
  [...network.trainable.values(), ...network.statistics.values()].map((one) => [...one.dataSync()]);

const own = ['conv', 'norm', 'head'] as const;

describe('weights that a network starts from', () => {
  it('are taken by name', async () => {
    const code = await written('byName', { names: own });
    const weights = await saved(code, 'byNameSaved');
    const [network, wanted] = [await started(code, weights), await open(weights)];
    expect(valuesOf(network)).toEqual(valuesOf(wanted));
    expect(network.info.opening).toEqual({ read: 8, matched: 8, missing: [], unexpected: [], ignored: [] });
    for (const one of [network, wanted]) one.dispose();
  });

  it('are taken layer by layer in order where the names differ, a normalisation as a whole', async () => {
    const weights = await saved(
      await written('other', { names: ['first', 'second', 'third'] }),
      'otherSaved',
    );
    const code = await written('byOrder', { names: own });
    const [network, wanted] = [await started(code, weights), await open(weights)];
    expect(valuesOf(network)).toEqual(valuesOf(wanted));
    expect(network.info.opening).toMatchObject({ read: 8, matched: 8, missing: [], unexpected: [] });
    for (const one of [network, wanted]) one.dispose();
  });

  it('leave a head of other classes new, and say so', async () => {
    const weights = await saved(await written('wide', { names: own, classes: 10 }), 'wideSaved');
    const network = await started(await written('narrow', { names: own }), weights);
    expect(network.info.opening).toEqual({
      read: 8,
      matched: 6,
      missing: ['head/kernel', 'head/bias'],
      unexpected: ['head/kernel', 'head/bias'],
      ignored: [
        'head/kernel of shape [4, 10], where [4, 3] is needed',
        'head/bias of shape [10], where [3] is needed',
      ],
    });
    network.dispose();
  });

  it('that fit nowhere, or are constants of a graph, are refused', async () => {
    const other = join(folder, 'dense.cjs');
    await writeFile(
      other,
      "const tf = require('@tensorflow/tfjs');\nexports.net = () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [5] })] });\n",
    );
    const weights = await saved(other, 'denseSaved');
    const code = await written('lonely', { names: own });
    await expect(started(code, weights)).rejects.toMatchObject({
      code: 'modelInvalid',
      message: expect.stringMatching(/^No weights of model\.json fit .+: none of its 2 arrays /),
    });
    await expect(started(code, resolve('test/fixtures/models/onnx/first.onnx'))).rejects.toMatchObject({
      code: 'modelInvalid',
      message: expect.stringContaining('its format (onnx) keeps them as constants'),
    });
  });

  it.skipIf(!isThere)('may come from Keras for the same network in tfjs', async () => {
    const network = await started(
      join(shared, 'tfjs-layers/mlcommons-resnet8-cifar10'),
      join(shared, 'keras-h5/mlcommons-pretrainedResnet.h5'),
    );
    expect(network.info.opening).toMatchObject({ missing: [], unexpected: [] });
    network.dispose();
  });
});

describe('a recipe', () => {
  const prepare = async (recipe: string) => {
    const frozen: FrozenRecipe = freezeRecipe(await readRecipe(recipe), recipe);
    return prepareRun(frozen);
  };

  it('may start its student and its teacher from files; the control starts as the student does', async () => {
    const project = await tinyProject();
    for (const name of ['student', 'teacher']) {
      const network = await open(join(project.folder, `${name}.js#${name}`), 'trained elsewhere');
      await network.save(join(project.folder, `my-${name}`));
      network.dispose();
    }
    const plain = await prepare(project.recipe);
    await project.change({
      student: { model: 'student.js#student', weights: 'my-student' },
      teacher: { model: 'teacher.js#teacher', weights: 'my-teacher', train: { epochs: 1 } },
    });
    const run = await prepare(project.recipe);
    const [student, teacher] = [
      await open(join(project.folder, 'my-student')),
      await open(join(project.folder, 'my-teacher')),
    ];
    const control = run.stages.find(({ name }) => name === 'control')?.network;
    expect(valuesOf(run.student)).toEqual(valuesOf(student));
    expect(control && valuesOf(control)).toEqual(valuesOf(student));
    expect(run.teachers.map(valuesOf)).toEqual([valuesOf(teacher)]);
    expect(run.frozen.hashes.student).not.toBe(plain.frozen.hashes.student);
    expect(startNotes(plain)).toEqual([]);
    expect(startNotes(run)).toEqual([
      'The student starts with 9 of its 9 arrays of weights from my-student.',
      'The teacher starts with 9 of its 9 arrays of weights from my-teacher.',
    ]);
    for (const one of [plain, run, student, teacher]) one.dispose();
    await project.remove();
  });

  it('names a file of weights that is not there', async () => {
    const project = await tinyProject();
    await project.change({ student: { model: 'student.js#student', weights: 'absent.h5' } });
    await expect(prepare(project.recipe)).rejects.toMatchObject({ code: 'modelNotFound' });
    expect(JSON.parse(await readFile(project.recipe, 'utf8')).student.weights).toBe('absent.h5');
    await project.remove();
  });
});
