import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import { readState } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

const run = (onState: Parameters<typeof startRun>[1]['onState'] = () => undefined) =>
  startRun(project.recipe, { onFolder: () => undefined, onState });

describe('a run', () => {
  it('trains the teacher, the student and the control, and puts everything into its folder', async () => {
    const report = await run();
    expect(report).toMatchObject({ status: 'done', split: 'test', name: 'bars' });
    expect(report.teacher?.metrics.acc).toBeGreaterThan(0.6);
    expect(report.student.parameters).toBeLessThan(report.teacher?.parameters ?? 0);
    expect(report.gain).toBeCloseTo(
      (report.student.metrics.acc ?? 0) - (report.control?.metrics.acc ?? 0),
      12,
    );
    for (const file of [
      'recipe.json',
      'state.json',
      'metrics.jsonl',
      'events.jsonl',
      'report.json',
      'report.html',
      'student/model.json',
      'teacher/model.json',
      'control/model.json',
    ])
      expect(existsSync(join(report.run, file)), file).toBe(true);
    const points = parseMetrics(await readFile(join(report.run, 'metrics.jsonl'), 'utf8'));
    const student = points.filter(
      (point) => point.stage === 'student' && point.split === 'train' && 'loss' in point.values,
    );
    expect(student.length).toBeGreaterThan(5);
    for (const point of student)
      expect(Object.keys(point.values).sort()).toEqual([
        'acc',
        'loss',
        'loss/cwd:conv2',
        'loss/kd',
        'loss/task',
        'lr',
      ]);
    const {
      'loss/task': task = 0,
      'loss/kd': kd = 0,
      'loss/cwd:conv2': cwd = 0,
      loss = 0,
    } = student[0]?.values ?? {};
    expect(loss).toBeCloseTo(0.1 * task + 0.9 * kd + 3 * cwd, 4);
    expect(await readState(report.run)).toMatchObject({
      status: 'done',
      pid: null,
      failure: null,
      secondsLeft: null,
    });
  }, 60_000);

  it('gives student and control the same start, batches and randomness: with the task loss alone they end equal', async () => {
    await project.change({
      losses: [{ method: 'task', weight: 1 }],
      teacher: undefined,
      training: { epochs: 2, batchSize: 16 },
    });
    const report = await run();
    expect(report.teacher).toBeNull();
    expect(report.control?.metrics).toEqual(report.student.metrics);
    const weights = await Promise.all(
      ['student', 'control'].map((name) => readFile(join(report.run, name, 'weights.bin'))),
    );
    expect(weights[0]?.equals(weights[1] as Buffer)).toBe(true);
  }, 60_000);

  it('leaks no tensor: as many after epoch 5 as after epoch 2', async () => {
    await project.change({
      training: { epochs: 6, batchSize: 16 },
      control: false,
      losses: [
        { method: 'task' },
        { method: 'ctkd' },
        { method: 'crd', negatives: 16, dimension: 8 },
        { method: 'cwd', pairs: [{ teacher: 'conv2', student: 'conv2' }] },
      ],
    });
    const counts = new Map<number, number>();
    await run((state) => {
      const stage = state.stages[state.stage];
      if (stage?.name !== 'student' || state.step % stage.stepsPerEpoch !== 1) return;
      if (!counts.has(state.epoch)) counts.set(state.epoch, tf.memory().numTensors);
    });
    expect(counts.get(3)).toBeTypeOf('number');
    expect(counts.get(6)).toBe(counts.get(3));
  }, 60_000);

  it('ends with notANumber when a loss explodes, names it, and keeps the last good checkpoint', async () => {
    await project.change({
      training: {
        epochs: 2,
        batchSize: 16,
        learningRate: 1e12,
        schedule: { kind: 'constant', warmup: 1 },
        checkpointEvery: 1,
      },
      teacher: { model: 'teacher.js#teacher' },
      control: false,
    });
    let folder = '';
    const failed = startRun(project.recipe, {
      onFolder: (made) => (folder = made),
      onState: () => undefined,
    });
    await expect(failed).rejects.toMatchObject({
      code: 'notANumber',
      message: expect.stringMatching(/loss.* became (NaN|-?Infinity)/) as string,
    });
    const state = await readState(folder);
    expect(state).toMatchObject({ status: 'failed', failure: { code: 'notANumber' }, pid: null });
  }, 60_000);
});
