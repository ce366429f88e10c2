import { cp, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Sheet, SheetRequest } from '../../engine/contract/sheet';
import type { Dataset } from '../../engine/data/dataset';
import { openDataset } from '../../engine/data/open';
import { openModel } from '../../engine/models/open';
import { readSample, runModels } from '../../engine/probe/models';
import { closeRuns } from '../../engine/probe/openRuns';
import { dequantise } from '../../engine/probe/quantise';
import { readSheet } from '../../engine/probe/sheet';
import { readFrozenRecipe, readState } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { readCheckpoint } from '../../engine/training/checkpoint';
import { tinyProject, type TinyProject } from './tinyProject';

const sample = 3;
let project: TinyProject;
let run: string;
let dataset: Dataset;
/** Sheets asked for while the run went on, with the steps that were done by then. */
const meanwhile: { totalStep: number; sheet: Promise<Sheet> }[] = [];

const ask = (changes: Partial<SheetRequest> = {}): Promise<Sheet> =>
  readSheet({ run, network: 'student', tap: 'conv2', sample, view: 'values', ...changes });

beforeAll(async () => {
  project = await tinyProject();
  const epochs = new Set<string>();
  await startRun(project.recipe, {
    onFolder: (folder) => (run = folder),
    onState: ({ status, stage, epoch, totalStep }) => {
      const key = `${stage}/${epoch}`;
      if (status !== 'training' || epochs.has(key)) return;
      epochs.add(key);
      meanwhile.push({ totalStep, sheet: ask() });
    },
  });
  await Promise.all(meanwhile.map(({ sheet }) => sheet));
  await closeRuns();
  const { recipe, base } = await readFrozenRecipe(run);
  dataset = await openDataset(recipe.data, base, [12, 12, 1], recipe.seed);
}, 120_000);
afterEach(closeRuns);
afterAll(() => project.remove());

/** What a sheet shows, channel after channel. */
const valuesOf = ({ data, min, max, height, width }: Sheet): number[] =>
  Array.from(data, (byte, index) => {
    const channel = Math.floor(index / (height * width));
    return dequantise(byte, min[channel] as number, max[channel] as number);
  });

/** Half a byte's step of the widest channel, with room for the rounding of floats. */
const tolerance = ({ min, max }: Sheet): number =>
  Math.max(...max.map((high, channel) => high - (min[channel] as number))) / 255 / 2 + 1e-6;

const rawSample = (): tf.Tensor => {
  const { values, shape } = dataset.validation;
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(Float32Array.from(values.subarray(sample * size, (sample + 1) * size)), [1, ...shape]);
};

/** A tap of an exported model for the sample, read without the probe. */
const tapOf = async (folder: string, tap: string): Promise<tf.Tensor> => {
  const network = await openModel(folder, { input: { divide: 255 }, seed: 'unused' });
  return network.forward(rawSample(), { taps: [tap], training: false }).tap(tap);
};

const channelByChannel = (map: tf.Tensor): Float32Array =>
  map.squeeze([0]).transpose([2, 0, 1]).dataSync<'float32'>();

const expectClose = (found: ArrayLike<number>, wanted: ArrayLike<number>, within: number) => {
  expect(found.length).toBe(wanted.length);
  const worst = Math.max(...Array.from(found, (value, index) => Math.abs(value - (wanted[index] as number))));
  expect(worst).toBeLessThanOrEqual(within);
};

const copyRun = async (): Promise<string> => {
  const copy = join(await mkdtemp(join(project.folder, 'copy-')), 'run');
  await cp(run, copy, { recursive: true });
  return copy;
};

describe('sheets of a run that is done', () => {
  it('show the exported student: its values, channel by channel', async () => {
    const sheet = await ask();
    expect([sheet.height, sheet.width, sheet.channels]).toEqual([6, 6, 6]);
    const map = await tapOf(join(run, 'student'), 'conv2');
    expectClose(valuesOf(sheet), channelByChannel(map), tolerance(sheet));
    expect(Math.max(...sheet.max)).toBeGreaterThan(0);
  });

  it('name the checkpoint of the weights that were chosen', async () => {
    const { best } = await readState(run);
    const checkpoint = join(run, 'checkpoints', String((await ask()).checkpoint).padStart(8, '0'));
    expect((await readCheckpoint(checkpoint)).manifest).toMatchObject({
      stage: 'student',
      epoch: best?.epoch,
    });
  });

  it('show the teacher that the run trained', async () => {
    const sheet = await ask({ network: 'teacher' });
    expect(sheet.channels).toBe(16);
    const map = await tapOf(join(run, 'teacher'), 'conv2');
    expectClose(valuesOf(sheet), channelByChannel(map), tolerance(sheet));
  });

  it('show each channel as a distribution over positions', async () => {
    const sheet = await ask({ view: 'distribution' });
    const map = (await tapOf(join(run, 'student'), 'conv2')).squeeze([0]).reshape([36, 6]).transpose();
    expectClose(valuesOf(sheet), tf.softmax(map).dataSync(), tolerance(sheet));
    const shown = valuesOf(sheet);
    for (let channel = 0; channel < 6; channel++) {
      const sum = shown.slice(channel * 36, (channel + 1) * 36).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 2);
    }
  });

  it('show the student through the adapter as it was trained', async () => {
    const sheet = await ask({ view: 'adapted' });
    expect(sheet.channels).toBe(16);
    const folder = join(run, 'checkpoints', String(sheet.checkpoint).padStart(8, '0'));
    const kernel = (await readCheckpoint(folder)).variables.get('2-cwd/conv2/kernel');
    expect(kernel?.shape).toEqual([1, 1, 6, 16]);
    const map = (await tapOf(join(run, 'student'), 'conv2')) as tf.Tensor4D;
    const filter = tf.tensor4d(kernel?.values as Float32Array, [1, 1, 6, 16]);
    expectClose(valuesOf(sheet), channelByChannel(tf.conv2d(map, filter, 1, 'same')), tolerance(sheet));
  });

  it('leave the teacher as it is in that view', async () => {
    const [values, adapted] = [
      await ask({ network: 'teacher' }),
      await ask({ network: 'teacher', view: 'adapted' }),
    ];
    expect(adapted).toEqual({ ...values, view: 'adapted' });
  });

  it('show a vector as tiles of one pixel, exactly', async () => {
    const sheet = await ask({ tap: 'logits' });
    expect([sheet.height, sheet.width, sheet.channels]).toEqual([1, 1, 3]);
    expectClose(sheet.min, (await tapOf(join(run, 'student'), 'logits')).dataSync(), 1e-5);
  });

  it('cost no tensors, however many are read', async () => {
    await ask({ view: 'adapted' });
    await ask({ network: 'teacher', view: 'distribution' });
    await readSample(run, 0);
    const before = tf.memory().numTensors;
    for (let index = 0; index < 4; index++) {
      await ask({ view: 'adapted', sample: index });
      await ask({ network: 'teacher', view: 'distribution', sample: index });
      await readSample(run, index);
      await expect(ask({ sample: 999 })).rejects.toThrow();
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it('give back every tensor when runs are closed', async () => {
    const before = tf.memory().numTensors;
    await ask({ view: 'adapted' });
    await closeRuns();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keep only the last few runs open', async () => {
    const copies = [await copyRun(), await copyRun(), await copyRun(), await copyRun()];
    for (const copy of copies.slice(0, 3)) await ask({ run: copy });
    const before = tf.memory().numTensors;
    await ask({ run: copies[3] as string });
    expect(tf.memory().numTensors).toBe(before);
    await Promise.all(copies.map((copy) => rm(copy, { recursive: true })));
  });

  it.each([
    [{ tap: 'conv9' }, 'modelInvalid', 'conv9'],
    [{ sample: -1 }, 'dataInvalid', 'There is no sample -1'],
    [{ sample: 0.5 }, 'dataInvalid', 'There is no sample 0.5'],
    [{ tap: 'relu1', view: 'adapted' as const }, 'pairMismatch', 'relu1'],
    [{ run: '/nowhere/run' }, 'runNotFound', '/nowhere/run'],
  ])('fail in words for %o', async (changes, code, words) => {
    await expect(ask(changes)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    });
  });
});

describe('sheets of a run that goes on', () => {
  it('follow its checkpoints, and show the initial student before there is one', async () => {
    const seen = await Promise.all(
      meanwhile.map(async ({ totalStep, sheet }) => ({ totalStep, checkpoint: (await sheet).checkpoint })),
    );
    expect(seen[0]?.checkpoint).toBeNull();
    const steps = seen.flatMap(({ checkpoint }) => checkpoint ?? []);
    expect(new Set(steps).size).toBeGreaterThan(1);
    for (const { totalStep, checkpoint } of seen) expect(checkpoint ?? 0).toBeLessThanOrEqual(totalStep + 6);
  });

  it('change with the weights', async () => {
    const first = (await meanwhile[0]?.sheet) as Sheet;
    expect([...(await ask()).max]).not.toEqual([...first.max]);
  });
});

describe('checkpoints that go away', () => {
  let copy: string;
  const names = async () => (await readdir(join(copy, 'checkpoints'))).sort();
  beforeAll(async () => {
    copy = await copyRun();
    const state = await readState(copy);
    await writeFile(join(copy, 'state.json'), JSON.stringify({ ...state, status: 'training' }));
    for (const name of await names()) {
      const { manifest } = await readCheckpoint(join(copy, 'checkpoints', name));
      if (manifest.stage === 'control') await rm(join(copy, 'checkpoints', name), { recursive: true });
    }
  });
  afterAll(() => rm(copy, { recursive: true }));

  const damage = (name: string) => truncate(join(copy, 'checkpoints', name, 'variables.bin'), 100);

  it('pass over a damaged newest one to the one before', async () => {
    const newest = (await names()).at(-1) as string;
    await cp(join(copy, 'checkpoints', newest), join(copy, 'checkpoints', '00000001'), { recursive: true });
    expect((await ask({ run: copy })).checkpoint).toBe(Number(newest));
    await closeRuns();
    await damage(newest);
    expect((await ask({ run: copy })).checkpoint).toBe(1);
    await damage('00000001');
    await closeRuns();
    await expect(ask({ run: copy })).rejects.toMatchObject({ code: 'checkpointCorrupt' });
  });

  it('fall back on the exported student when all are gone', async () => {
    await rm(join(copy, 'checkpoints'), { recursive: true });
    const sheet = await ask({ run: copy });
    expect(sheet.checkpoint).toBeNull();
    expect(sheet.data).toEqual((await ask()).data);
  });
});

describe('the models and samples of a run', () => {
  it('name the matched layers and where the code makes them', async () => {
    const models = await runModels(run);
    expect(models.pairs).toEqual([{ method: 'cwd', teacher: 'conv2', student: 'conv2', adapter: 'conv1x1' }]);
    expect(models.samples).toBe(dataset.validation.count);
    expect(models.classes).toEqual(['0', '1', '2']);
    expect(models.student.format).toBe('code');
    const layer = models.student.layers.find(({ name }) => name === 'conv2');
    expect(layer?.location?.file).toBe(join(project.folder, 'student.js'));
    expect(models.teacher?.taps).toContain('conv2');
  });

  it('still describe the models when their code has gone', async () => {
    const copy = await copyRun();
    const frozen = await readFrozenRecipe(copy);
    frozen.recipe.student.model = 'gone.js#student';
    await writeFile(join(copy, 'recipe.json'), JSON.stringify(frozen));
    const { student } = await runModels(copy);
    expect(student.layers.map(({ name }) => name)).toContain('conv2');
    expect(student.layers.every(({ location }) => location === undefined)).toBe(true);
    await rm(copy, { recursive: true });
  });

  it('show a sample with its class and what both networks say of it', async () => {
    const image = await readSample(run, sample);
    expect(image).toMatchObject({ index: sample, count: dataset.validation.count, height: 12, width: 12 });
    expect(image.label).toBe(String(dataset.validation.labels[sample]));
    expect(image.rgb[3 * 17]).toBe(dataset.validation.values[sample * 144 + 17]);
    for (const role of ['teacher', 'student'] as const) {
      const probabilities = tf.softmax(await tapOf(join(run, role), 'logits'));
      const best = probabilities.argMax(1).dataSync()[0] as number;
      expect(image[role]?.label).toBe(String(best));
      expect(image[role]?.probability).toBeCloseTo(probabilities.max().dataSync()[0] as number, 5);
    }
  });
});
