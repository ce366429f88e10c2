import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { RunState } from '../../engine/contract/run';
import { measureFigures } from '../../engine/export/figures';
import { loadPlainly } from '../../engine/export/plainModel';
import { exportFromRun, exportStudent } from '../../engine/export/student';
import { openModel } from '../../engine/models/open';
import type { Network } from '../../engine/models/network';
import { createRun, startRun } from '../../engine/run/start';
import { requestStop } from '../../engine/run/folder';
import { newestCheckpoint, readCheckpoint } from '../../engine/training/checkpoint';
import { tinyProject, type TinyProject } from './tinyProject';

const modelsFolder = process.env.RETORT_TEST_MODELS ?? resolve('../shared/models');
const real = [
  'cnn-explainer-tiny-vgg/model.json',
  'mlcommons-resnet8-cifar10/model.json',
  'oarriaga-mini_xception-fer2013/model.json',
].filter((file) => existsSync(join(modelsFolder, 'tfjs-layers', file)));
if (real.length === 0) console.log(`Export of real models is skipped: there are none in ${modelsFolder}.`);

let folder: string;
let project: TinyProject;
beforeAll(() => useBackend('auto'));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-export-'));
  project = await tinyProject();
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await project.remove();
});

const openTiny = (): Promise<Network> =>
  openModel(join(project.folder, 'student.js#student'), {
    input: { divide: 255, mean: [0.4] },
    seed: 'tiny',
  });

/** Weights as no initialiser leaves them, batch statistics included. */
const disturb = (network: Network): void => {
  for (const variable of [...network.trainable.values(), ...network.statistics.values()])
    tf.tidy(() => variable.assign(variable.add(tf.randomUniform(variable.shape, 0.05, 0.2, 'float32', 7))));
};

describe('exportStudent', () => {
  it('writes what plain tfjs loads, with the softmax and the batch statistics', async () => {
    const network = await openTiny();
    disturb(network);
    await exportStudent(network, folder);
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights.bin']);
    const plain = await loadPlainly(join(folder, 'model.json'));
    const raw = tf.randomUniform([2, 12, 12, 1], 0, 255, 'float32', 3);
    const wanted = tf.softmax(network.forward(raw, { taps: [], training: false }).logits);
    const found = plain.predict(raw.div(255).sub(0.4)) as tf.Tensor;
    expect(found.sub(wanted).abs().max().dataSync()[0]).toBeLessThan(1e-6);
    expect(found.sum(1).dataSync()[0]).toBeCloseTo(1, 5);
  });

  it.each(real)('equals %s', { timeout: 60_000 }, async (file) => {
    const network = await openModel(join(modelsFolder, 'tfjs-layers', file), {
      input: { divide: 255 },
      seed: '',
    });
    await exportStudent(network, folder);
    expect(existsSync(join(folder, 'model.json'))).toBe(true);
    network.dispose();
  });

  it('refuses an export that differs, and leaves what stood there', async () => {
    const network = await openTiny();
    await exportStudent(network, folder);
    const before = await readFile(join(folder, 'weights.bin'));
    const other = await openTiny();
    disturb(other);
    const lying: Network = Object.assign(Object.create(network) as Network, {
      save: (to: string) => other.save(to),
    });
    await expect(exportStudent(lying, folder)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('differs') as string,
    });
    expect((await readFile(join(folder, 'weights.bin'))).equals(before)).toBe(true);
  });

  it('refuses an export with a weight that is not a number', async () => {
    const network = await openTiny();
    const [variable] = network.trainable.values();
    variable?.assign(tf.fill(variable.shape, NaN));
    await expect(exportStudent(network, folder)).rejects.toMatchObject({ code: 'internal' });
  });

  it('keeps other files of the folder, leaves nothing beside it, and no tensor', async () => {
    const network = await openTiny();
    await writeFile(join(folder, 'README.md'), 'mine');
    await exportStudent(network, folder);
    const tensors = tf.memory().numTensors;
    await exportStudent(network, folder);
    expect(tf.memory().numTensors).toBe(tensors);
    expect((await readdir(folder)).sort()).toEqual(['README.md', 'model.json', 'weights.bin']);
    const beside = (await readdir(tmpdir())).filter((name) => join(tmpdir(), name).startsWith(`${folder}.`));
    expect(beside).toEqual([]);
  });
});

describe('exportFromRun', () => {
  it('has nothing to export before the student has trained', async () => {
    const run = await createRun(project.recipe);
    await expect(exportFromRun(run, folder)).rejects.toMatchObject({ code: 'modelNotFound' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('exports the newest checkpoint of a stopped run, without its data', { timeout: 60_000 }, async () => {
    let run = '';
    const stopping = (state: RunState) => {
      if (state.stages[state.stage]?.name === 'student' && state.step === 3) void requestStop(run);
    };
    const running = startRun(project.recipe, { onFolder: (made) => (run = made), onState: stopping });
    await expect(running).rejects.toMatchObject({ code: 'stopped' });
    await rm(join(project.folder, 'images.npy'));
    await exportFromRun(run, folder);
    const { manifest, variables } = await readCheckpoint((await newestCheckpoint(run)) as string);
    expect(manifest.stage).toBe('student');
    const kernel = (await loadPlainly(join(folder, 'model.json'))).getLayer('conv2').getWeights()[0];
    expect(kernel?.dataSync()).toEqual(variables.get('student/conv2/kernel')?.values);
  });
});

it('measures size and speed of a network', async () => {
  const figures = await measureFigures('tiny', await openTiny(), { acc: 0.5 });
  const parameters = 9 * 4 + 4 * 4 + 9 * 4 * 6 + 6 + 6 * 3 + 3;
  expect(figures).toMatchObject({ name: 'tiny', parameters, bytes: 4 * parameters, metrics: { acc: 0.5 } });
  expect(figures.macs).toBeGreaterThan(144 * 9 * 4);
  expect(figures.latency.median).toBeGreaterThan(0);
});
