import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { parseMetrics } from '../../engine/contract/metrics';
import { Random } from '../../engine/random';
import { makeBatch } from '../../engine/data/batches';
import type { RunReport } from '../../engine/contract/run';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe, readState, requestStop } from '../../engine/run/folder';
import { executeRun } from '../../engine/run/execute';
import { prepareRun } from '../../engine/run/prepare';
import { startRun } from '../../engine/run/start';
import { newestWhole } from '../../engine/training/checkpoint';
import { createShareRunner } from '../../engine/training/shareRunner';
import { startStage } from '../../engine/training/stage';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

const training = { epochs: 2, batchSize: 32, learningRate: 0.02, logEvery: 3 };
const losses = [
  { method: 'task', weight: 0.1 },
  { method: 'kd', weight: 0.9 },
  { method: 'cwd', weight: 3, pairs: [{ teacher: 'conv2', student: 'conv2' }] },
];
const recipe = { losses, teacher: 'teacher.js#teacher', control: false };

/** Shares of the first batch on one backend, and whether any variable was changed by measuring. */
const measured = async (backend: 'auto' | 'cpu' | 'wasm', changes: Record<string, unknown>) => {
  await useBackend(backend);
  await project.change({ ...recipe, ...changes, backend });
  const prepared = await prepareRun(freezeRecipe(await readRecipe(project.recipe), project.recipe));
  const stage = prepared.stages.at(-1);
  if (!stage) throw new Error('The run has no stage.');
  const running = startStage(stage, prepared.measures);
  const positions = Int32Array.from({ length: 16 }, (_, index) => index);
  const batch = makeBatch(prepared.dataset.train, positions, null, new Random('batch'));
  const [learningRate, epoch, seed] = [tf.scalar(0.1), tf.scalar(0), tf.tensor1d([3, 7], 'int32')];
  const values = () => [...running.saved.values()].map((variable) => [...variable.dataSync()]);
  const before = values();
  const runner = createShareRunner(running.plan);
  const inputs = { batch, drawn: new Map(), learningRate, epoch, seed };
  const tensors = tf.memory().numTensors;
  const shares = runner.isNeeded ? runner.measure(inputs, 'seed') : null;
  expect(tf.memory().numTensors).toBe(tensors);
  expect(values()).toEqual(before);
  runner.dispose();
  prepared.dispose();
  return shares;
};

/** Everything that a finished run leaves of its training. */
const ending = async ({ run }: RunReport) => {
  const checkpoint = await newestWhole(run, (failure) => {
    throw failure;
  });
  const points = parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
  const isShare = (name: string) => name.startsWith('share/');
  const [shares, others] = [true, false].map((wanted) =>
    points.filter(({ values }) => Object.keys(values).some(isShare) === wanted),
  );
  return { files: checkpoint?.manifest.files, shares, others };
};

const finish = () => startRun(project.recipe, { onFolder: () => undefined, onState: () => undefined });

describe('the losses’ shares of the gradient', () => {
  it('are the weights’ where the losses are the same, and there is none for a loss alone', async () => {
    const twice = [
      { method: 'task', weight: 1 },
      { method: 'task', weight: 3 },
    ];
    const shares = await measured('auto', { losses: twice });
    expect(shares?.['share/task']).toBeCloseTo(0.25, 5);
    expect(shares?.['share/task-2']).toBeCloseTo(0.75, 5);
    expect(await measured('cpu', { losses: [...twice.slice(0, 1), { method: 'kd', weight: 0 }] })).toBeNull();
  });

  it('are the same as one graph, operation by operation and on wasm, and change no variable', async () => {
    const code = join(project.folder, 'student.js');
    await writeFile(code, (await readFile(code, 'utf8')).replace('rate: 0.2', 'rate: 0'));
    const wanted = await measured('cpu', {});
    expect(Object.keys(wanted ?? {})).toEqual(['share/task', 'share/kd', 'share/cwd']);
    expect(Object.values(wanted ?? {}).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    for (const backend of ['auto', 'wasm'] as const) {
      const found = await measured(backend, {});
      for (const [name, share] of Object.entries(wanted ?? {})) expect(found?.[name]).toBeCloseTo(share, 3);
    }
  }, 60_000);

  it('leave the training as it is, and a run that resumes measures the same', async () => {
    await project.change({ ...recipe, training: { ...training, sharesEvery: 0 } });
    const without = await ending(await finish());
    await project.change({ ...recipe, training: { ...training, sharesEvery: 4 } });
    const whole = await ending(await finish());
    expect(whole.files).toEqual(without.files);
    expect(whole.others).toEqual(without.others);
    expect(without.shares).toEqual([]);
    expect(whole.shares?.map(({ step }) => step)).toEqual([1, 5, 9, 13, 17, 21, 25]);
    let folder = '';
    const stopped = startRun(project.recipe, {
      onFolder: (made) => (folder = made),
      onState: (state) => void (state.step >= 6 && state.step < 9 && requestStop(folder)),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'stopped' });
    expect(await ending(await executeRun(folder, { onState: () => undefined }))).toEqual(whole);
  }, 120_000);

  it('lead to a warning with a next step, in the state, the events and the report', async () => {
    const drowned = [
      { method: 'task', weight: 0.001 },
      { method: 'kd', weight: 5 },
    ];
    await project.change({ ...recipe, losses: drowned, training: { ...training, sharesEvery: 2 } });
    const report = await finish();
    const { warnings = [] } = await readState(report.run);
    const drowning = warnings.filter(({ kind }) => kind === 'drowning');
    expect(drowning).toMatchObject([{ stage: 'student', loss: 'kd' }]);
    expect(report.warnings).toEqual(warnings);
    const events = await readFile(join(report.run, 'events.jsonl'), 'utf8');
    expect(events.split('\n').filter((line) => line.includes('kd makes up'))).toHaveLength(1);
    expect(await readFile(join(report.run, 'report.html'), 'utf8')).toContain('Lower its weight');
  }, 60_000);
});
