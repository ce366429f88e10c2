import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport, RunState } from '../../engine/contract/run';
import { readArray } from '../../engine/data/npy';
import { executeRun } from '../../engine/run/execute';
import { readState, requestStop } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { newestWhole } from '../../engine/training/checkpoint';
import { npy, tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

const training = { epochs: 2, batchSize: 32, learningRate: 0.02, logEvery: 3 };
const cganKd = {
  method: 'cgan-kd',
  ganEpochs: 3,
  filterEpochs: 1,
  samples: 90,
  width: 4,
  latent: 8,
};

/** Runs the recipe, stopping and resuming it once in each of `stops`: the stage and a step within it. */
const runWithStops = async (stops: readonly { stage: string; step: number }[]): Promise<RunReport> => {
  const left = [...stops];
  let folder = '';
  const onState = (state: RunState): void => {
    const [next] = left;
    if (next && state.stages[state.stage]?.name === next.stage && state.step >= next.step) {
      left.shift();
      void requestStop(folder);
    }
  };
  let running = startRun(project.recipe, { onFolder: (made) => (folder = made), onState });
  for (;;) {
    const report = await running.catch((error: { code?: string }) => {
      if (error.code === 'stopped') return null;
      throw error;
    });
    if (report) {
      expect(left).toEqual([]);
      return report;
    }
    running = executeRun(folder, { onState });
  }
};

const ending = async ({ run, student }: RunReport) => {
  const checkpoint = await newestWhole(run, (failure) => {
    throw failure;
  });
  const points = parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
  return { files: checkpoint?.manifest.files, points, metrics: student.metrics };
};

const eventsOf = ({ run }: RunReport) => readFile(join(run, 'events.jsonl'), 'utf8');

describe('cgan-kd', () => {
  beforeEach(() =>
    project.change({
      losses: [{ method: 'task', weight: 1 }, cganKd],
      teacher: { model: 'teacher.js#teacher', train: { epochs: 2 } },
      training,
      control: false,
    }),
  );

  it('trains a GAN and a filter, keeps the samples, and ends the same when stopped in every stage', async () => {
    const whole = await runWithStops([]);
    const { stages } = await readState(whole.run);
    expect(stages.map(({ name, epochs }) => [name, epochs])).toEqual([
      ['teacher', 2],
      ['cgan-kd-gan', 3],
      ['cgan-kd-filter', 1],
      ['student', 2],
    ]);
    const file = join(whole.run, 'samples', 'cgan-kd.npz');
    const [images, targets] = [await readArray(`${file}#images`, ''), await readArray(`${file}#targets`, '')];
    expect(images.shape[0]).toBeGreaterThan(30);
    expect(images.shape[1]).toBe(12 * 12);
    expect(images.values).toBeInstanceOf(Uint8Array);
    expect(new Set(images.values).size).toBeGreaterThan(20);
    expect([...targets.values].every((label) => [0, 1, 2].includes(label))).toBe(true);
    const { points } = await ending(whole);
    const gan = points.find(({ stage }) => stage === 'cgan-kd-gan')?.values ?? {};
    expect(Object.keys(gan)).toEqual(
      expect.arrayContaining(['loss/cgan-kd:generator', 'loss/cgan-kd:discriminator']),
    );
    const student = points.filter(({ stage, values }) => stage === 'student' && 'loss/cgan-kd' in values);
    expect(student.length).toBeGreaterThan(3);
    expect(await eventsOf(whole)).not.toContain('operation by operation');
    const resumed = await runWithStops([
      { stage: 'cgan-kd-gan', step: 20 },
      { stage: 'cgan-kd-filter', step: 4 },
      { stage: 'student', step: 5 },
    ]);
    expect((await readFile(join(resumed.run, 'samples', 'cgan-kd.npz'))).equals(await readFile(file))).toBe(
      true,
    );
    expect(await ending(resumed)).toEqual(await ending(whole));
    const made = (await eventsOf(resumed)).split('\n').filter((line) => line.includes('made'));
    expect(made).toHaveLength(1);
  }, 120_000);

  it('is refused where samples are no pictures', async () => {
    const code = (name: string) => `
const tf = require('@tensorflow/tfjs');
exports.${name} = () => tf.sequential({ layers: [
  tf.layers.dense({ inputShape: [4], units: 5, activation: 'relu' }),
  tf.layers.dense({ units: 3 }),
] });`;
    const rows = Array.from({ length: 60 * 4 }, (_, at) => (at * 7) % 5);
    await writeFile(join(project.folder, 'flat.js'), code('flat'));
    await writeFile(join(project.folder, 'rows.npy'), npy('<f4', [60, 4], Float32Array.from(rows)));
    await writeFile(
      join(project.folder, 'kinds.npy'),
      npy(
        '<i4',
        [60],
        Int32Array.from({ length: 60 }, (_, at) => at % 3),
      ),
    );
    await project.change({
      student: 'flat.js#flat',
      teacher: 'flat.js#flat',
      data: { kind: 'arrays', images: 'rows.npy', labels: 'kinds.npy' },
      losses: [{ method: 'task' }, cganKd],
      training,
    });
    await expect(runWithStops([])).rejects.toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('generates pictures') as string,
    });
    expect(existsSync(join(project.folder, '.retort'))).toBe(false);
  });
});

/** The project's network with another end, as `name`.js. */
const writeHeaded = async (name: string, end: string): Promise<void> => {
  const code = await readFile(join(project.folder, 'student.js'), 'utf8');
  const headed = code
    .replace(/model\.add\(tf\.layers\.dense\(.*\n/, `${end}\n`)
    .replace('exports.student', `exports.${name}`);
  await writeFile(join(project.folder, `${name}.js`), headed);
};

describe('generated pictures in other tasks', () => {
  it('regression: values with noise are what the generator is asked for, and the teacher’s what is learnt', async () => {
    await writeHeaded('counter', "model.add(tf.layers.dense({ name: 'value', units: 2 }));");
    const values = Float32Array.from(
      { length: 480 * 2 },
      (_, at) => (Math.floor(at / 2) % 3) * 10 + (at % 2),
    );
    await writeFile(join(project.folder, 'values.npy'), npy('<f4', [480, 2], values));
    await project.change({
      task: 'regression',
      student: 'counter.js#counter',
      teacher: { model: 'counter.js#counter', train: { epochs: 2 } },
      data: { kind: 'arrays', images: 'images.npy', labels: 'values.npy', input: { divide: 255 } },
      losses: [{ method: 'task', weight: 1 }, cganKd],
      training,
      control: false,
    });
    const whole = await runWithStops([]);
    const targets = await readArray(`${join(whole.run, 'samples', 'cgan-kd.npz')}#targets`, '');
    expect(targets.shape).toEqual([targets.shape[0], 2]);
    expect([...targets.values].every(Number.isFinite)).toBe(true);
    expect(new Set(targets.values).size).toBeGreaterThan(20);
    const stops = [
      { stage: 'cgan-kd-gan', step: 10 },
      { stage: 'student', step: 5 },
    ];
    expect(await ending(await runWithStops(stops))).toEqual(await ending(whole));
  }, 120_000);

  it('features: squeeze and span needs no labels and no teacher, and resumes', async () => {
    await writeHeaded('embed', "model.add(tf.layers.dense({ name: 'features', units: 12 }));");
    await project.change({
      task: 'features',
      student: 'embed.js#embed',
      teacher: undefined,
      losses: [{ method: 'sns', dimension: 16, ganEpochs: 2, width: 4, latent: 8 }],
      training,
      control: false,
    });
    const whole = await runWithStops([]);
    expect(whole.student.metrics.probe_acc).toBeGreaterThan(0.2);
    const { points } = await ending(whole);
    const names = points.flatMap(({ stage, values }) => (stage === 'student' ? Object.keys(values) : []));
    expect(names).toEqual(expect.arrayContaining(['loss/sns:generated', 'loss/sns:real', 'val_probe_acc']));
    expect(await eventsOf(whole)).not.toContain('operation by operation');
    const stops = [
      { stage: 'sns-gan', step: 10 },
      { stage: 'student', step: 5 },
    ];
    expect(await ending(await runWithStops(stops))).toEqual(await ending(whole));
  }, 120_000);
});
