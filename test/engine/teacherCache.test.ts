import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { MetricPoint, RunReport } from '../../engine/contract/run';
import { parseMetrics } from '../../engine/contract/metrics';
import type { Network } from '../../engine/models/network';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun } from '../../engine/run/prepare';
import { startStage, type RunningStage, type Stage } from '../../engine/training/stage';
import { trainStage, type Cursor, type TrainOptions, type Watcher } from '../../engine/training/train';
import { writeFrozenGraph } from '../fixtures/frozenGraph';
import { runCommand, startCommand } from './command';
import { tinyProject, type TinyProject } from './tinyProject';

const { name: best } = await useBackend('auto');
const hasOnnx = await import('onnxruntime-node').then(
  () => true,
  () => false,
);
if (!hasOnnx) console.warn('Skipped: onnxruntime-node, an optional dependency, does not load here.');
const backends = [...new Set([best, 'wasm'] as const)];
const epochs = 3;
const samples = 60;
const batchSize = 16;
const blocks = 4;

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
});
afterAll(() => project.remove());
afterEach(() => tf.disposeVariables());

const losses = [
  { method: 'task', weight: 0.1 },
  { method: 'kd', weight: 0.9 },
  { method: 'cwd', weight: 3, pairs: [{ teacher: 'conv2', student: 'conv2' }] },
];
const data = (augment: object) => ({
  kind: 'arrays',
  images: 'images.npy',
  labels: 'labels.npy',
  testImages: 'test-images.npy',
  testLabels: 'test-labels.npy',
  input: { divide: 255 },
  validation: 0,
  limit: samples,
  augment,
});

interface Opened {
  running: RunningStage;
  options: TrainOptions;
  teacher: Network;
}

const cacheFolder = () => join(project.folder, 'cache');

/** The student's stage of a small run, ready to train; `memory` and `disk` in megabytes. */
const open = async (
  changes: {
    augment?: object;
    teacher?: string;
    backend?: string;
    losses?: unknown;
    memory?: number;
    disk?: number;
    epochs?: number;
  } = {},
): Promise<Opened> => {
  await project.change({
    losses: changes.losses ?? losses,
    data: data(changes.augment ?? {}),
    teacher: changes.teacher ?? 'teacher.js#teacher',
    training: { epochs: changes.epochs ?? epochs, batchSize, learningRate: 0.05, logEvery: 1 },
    control: false,
    backend: changes.backend ?? best,
  });
  const prepared = await prepareRun(freezeRecipe(await readRecipe(project.recipe), project.recipe));
  const stage = prepared.stages.at(-1) as Stage;
  const { recipe } = prepared.frozen;
  const cache = { folder: cacheFolder(), memory: changes.memory ?? 10, disk: changes.disk ?? 10 };
  return {
    running: startStage(stage, prepared.measures),
    options: { dataset: prepared.dataset, augment: recipe.data.augment, seed: recipe.seed, cache },
    teacher: prepared.teachers[0] as Network,
  };
};

const without = ({ dataset, augment, seed }: TrainOptions): TrainOptions => ({ dataset, augment, seed });
const start = (): Cursor => ({ step: 0, pending: { count: 0, sums: {} } });

interface Trained {
  points: MetricPoint[];
  notes: string[];
  weights: number[][];
  finished: boolean;
}

/** Trains until `stopAt` steps are done. */
const train = async (
  { running }: Opened,
  options: TrainOptions,
  cursor = start(),
  stopAt = Infinity,
): Promise<Trained> => {
  const points: MetricPoint[] = [];
  const notes: string[] = [];
  const watcher: Watcher = {
    point: async (point) => void points.push(point),
    stepped: () => Promise.resolve(),
    checkpoint: () => Promise.resolve(),
    shouldStop: () => Promise.resolve(cursor.step >= stopAt),
    note: async (message) => void notes.push(message),
  };
  const finished = await trainStage(running, options, cursor, watcher);
  const weights = [...running.saved.values()].map((variable) => [...variable.dataSync()]);
  return { points, notes, weights, finished };
};

const clear = () => rm(cacheFolder(), { recursive: true, force: true });
afterEach(clear);

/** Trains with and without kept outputs; gives how often the teacher was asked for its outputs with them. */
const compare = async (changes: Parameters<typeof open>[0]): Promise<number> => {
  const plain = await open(changes);
  const wanted = await train(plain, without(plain.options));
  const kept = await open(changes);
  const forward = vi.spyOn(kept.teacher, 'forward');
  const found = await train(kept, kept.options);
  expect(found.notes.join()).toMatch(/computed once and kept/);
  expect(found.points).toHaveLength(wanted.points.length);
  found.points.forEach(({ values }, index) => {
    for (const [name, value] of Object.entries(wanted.points[index]?.values ?? {}))
      expect(values[name], `${name} of point ${index}`).toBeCloseTo(value, 5);
  });
  return forward.mock.calls.length;
};

describe.each(backends)('training on %s with kept teacher outputs', (backend) => {
  it.each([
    ['pictures as they are', {}],
    ['two pictures of every sample', { flip: true, crop: 2, repeat: 2 }],
  ])('gives the numbers of training without: %s', async (_, augment) => {
    await compare({ backend, augment });
  });
});

describe('a frozen teacher', () => {
  const frozen = [{ method: 'kd' }, { method: 'cwd', pairs: [{ teacher: 'relu', student: 'conv2' }] }];
  const onnx = join(process.cwd(), 'test', 'fixtures', 'models', 'onnx', 'first.onnx');

  it('that TensorFlow runs gives the numbers of training without kept outputs', async () => {
    const teacher = await writeFrozenGraph(join(project.folder, 'frozen'), null);
    await compare({ teacher, losses: frozen });
  });

  it.skipIf(!hasOnnx)('that onnxruntime runs gives them too, and runs once', async () => {
    expect(await compare({ teacher: onnx, losses: frozen })).toBe(1 + blocks);
  });
});

describe('the teacher', () => {
  it('is asked once about every picture', async () => {
    const opened = await open();
    opened.teacher.outsideStep = true;
    const forward = vi.spyOn(opened.teacher, 'forward');
    await train(opened, opened.options);
    const rows = forward.mock.calls.map(([images]) => images.shape[0] ?? 0);
    expect(rows).toEqual([1, batchSize, batchSize, batchSize, samples % batchSize]);
    expect(rows).toHaveLength(1 + blocks);
  });

  it('is not asked again by a process that goes on with the run', async () => {
    const opened = await open();
    opened.teacher.outsideStep = true;
    const cursor = start();
    await train(opened, opened.options, cursor, 5);
    const forward = vi.spyOn(opened.teacher, 'forward');
    expect((await train(opened, opened.options, cursor)).finished).toBe(true);
    expect(forward.mock.calls.map(([images]) => images.shape[0])).toEqual([1]);
  });

  it.each([
    ['stops at the deepest tap where no loss reads its logits', [losses[2]], false],
    ['goes on to its logits where a loss reads them', losses, true],
  ])('%s', async (_, chosen, readsLogits) => {
    const opened = await open({ losses: chosen });
    opened.teacher.outsideStep = true;
    const forward = vi.spyOn(opened.teacher, 'forward');
    await train(opened, opened.options, start(), 1);
    const asked = forward.mock.calls.map(([, { taps, logits }]) => [[...taps].sort(), logits]);
    const taps = readsLogits ? ['conv2', 'logits'] : ['conv2'];
    expect(asked).toEqual([
      [taps, readsLogits],
      [taps, readsLogits],
    ]);
    const image = tf.zeros([1, 12, 12, 1]);
    const output = opened.teacher.forward(image, { taps: ['conv2'], training: false, logits: readsLogits });
    if (readsLogits) expect(output.logits.shape).toEqual([1, 3]);
    else expect(() => output.logits).toThrow(/logits was not among/);
  });

  it('is asked again once it is another', async () => {
    const opened = await open();
    opened.teacher.outsideStep = true;
    await train(opened, opened.options);
    const [first] = await readdir(cacheFolder());
    const [weight] = opened.teacher.trainable.values();
    weight?.assign(weight.add(0.1));
    const forward = vi.spyOn(opened.teacher, 'forward');
    await train(opened, opened.options);
    expect(forward).toHaveBeenCalledTimes(1 + blocks);
    const folders = await readdir(cacheFolder());
    expect(folders).toHaveLength(1);
    expect(folders[0]).not.toBe(first);
  });
});

describe('a training that goes on', () => {
  const augment = { flip: true, crop: 2, repeat: 2 };
  const longer = { augment, epochs: 4 };

  /** Stops after `stopAt` steps, does `meanwhile`, and goes on to the end. */
  const interrupted = async (stopAt: number, meanwhile: () => Promise<unknown>, memory = 10, disk = 10) => {
    const opened = await open({ ...longer, memory, disk });
    const cursor = start();
    expect((await train(opened, opened.options, cursor, stopAt)).finished).toBe(false);
    await meanwhile();
    const rest = await train(opened, opened.options, cursor);
    expect(rest.finished).toBe(true);
    return rest;
  };

  const damage = async () => {
    const [key = ''] = await readdir(cacheFolder());
    const file = join(cacheFolder(), key, 'rows.bin');
    const bytes = await readFile(file);
    bytes.fill(7, bytes.length / 3, bytes.length / 2);
    await writeFile(file, bytes);
  };

  it('ends with the same bits, whatever has become of what was kept', async () => {
    const opened = await open(longer);
    const { weights } = await train(opened, opened.options);
    const nothing = () => Promise.resolve();
    for (const stopAt of [1, 5, 10]) {
      expect((await interrupted(stopAt, nothing)).weights, `stopped at ${stopAt}`).toEqual(weights);
      await clear();
      expect((await interrupted(stopAt, clear)).weights, `lost at ${stopAt}`).toEqual(weights);
      await clear();
    }
    expect((await interrupted(10, damage)).weights, 'damaged').toEqual(weights);
    await clear();
    const inMemory = await interrupted(10, nothing, 10, 0);
    expect(inMemory.weights, 'kept in memory alone').toEqual(weights);
    expect(inMemory.notes.join()).toMatch(/computes 4 batches again/);
    expect(existsSync(cacheFolder())).toBe(false);
    expect((await interrupted(10, nothing, 0, 10)).weights, 'kept on disk alone').toEqual(weights);
  });
});

describe('where keeping outputs does not help, the teacher runs in the step, and the events say why', () => {
  const rotations = [{ method: 'task' }, { method: 'sskd' }];
  it.each([
    ['new pictures', { augment: { flip: true } }, /new pictures \("repeat"/],
    ['too few epochs', { augment: { flip: true, repeat: 3 } }, /no picture comes back/],
    ['too many bytes', { memory: 0.01, disk: 0.01 }, /more than the recipe’s cache section allows/],
    ['nothing allowed', { memory: 0, disk: 0 }, /more than the recipe/],
    ['views of their own', { losses: rotations }, /"sskd" makes pictures of its own/],
  ])('%s', async (_, changes, reason) => {
    const opened = await open({ ...changes, epochs: 2 });
    const { notes } = await train(opened, opened.options, start(), 1);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(reason);
    expect(existsSync(cacheFolder())).toBe(false);
  });

  it('and nothing is said of a training that has no teacher', async () => {
    const opened = await open({ losses: [{ method: 'task' }], epochs: 2 });
    expect((await train(opened, opened.options, start(), 1)).notes).toEqual([]);
  });
});

describe('a run', () => {
  const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const pointsOf = async (run: string) =>
    parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => ''));
  const studentOf = (run: string) => readFile(join(run, 'student', 'weights.bin'));

  it('that is killed goes on with what was kept, ends the same, and leaves nothing behind', async () => {
    await project.change({
      losses,
      data: data({ flip: true, crop: 1, repeat: 1 }),
      teacher: { model: 'teacher.js#teacher', train: { epochs: 1 } },
      training: { epochs: 30, batchSize, learningRate: 0.05, logEvery: 1 },
      control: false,
    });
    const whole = await runCommand(['run', project.recipe, '--json']);
    expect(whole.code, whole.errors).toBe(0);
    const { run } = JSON.parse(whole.output) as RunReport;
    expect(existsSync(join(run, 'cache'))).toBe(false);

    const killed = startCommand(['run', project.recipe, '--json']);
    let folder = '';
    killed.process.stderr?.on('data', (chunk: Buffer) => {
      folder ||= /Run: (.+)/.exec(chunk.toString())?.[1] ?? '';
    });
    while ((await pointsOf(folder)).length < 30 && killed.process.exitCode === null) await wait(2);
    killed.process.kill('SIGKILL');
    await killed.ended;
    expect(await readdir(join(folder, 'cache'))).toHaveLength(1);
    const resumed = await runCommand(['resume', folder, '--json']);
    expect(resumed.code, resumed.errors).toBe(0);
    expect((await studentOf(folder)).equals(await studentOf(run))).toBe(true);
    expect(await pointsOf(folder)).toEqual(await pointsOf(run));
    expect(existsSync(join(folder, 'cache'))).toBe(false);
    expect(await readFile(join(folder, 'events.jsonl'), 'utf8')).toMatch(/computed once and kept/);
  }, 120_000);
});
