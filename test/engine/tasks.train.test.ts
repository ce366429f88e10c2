import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { mainMetric } from '../../engine/contract/measures';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport } from '../../engine/contract/run';
import { exportFromRun } from '../../engine/export/student';
import { loadPlainly } from '../../engine/export/plainModel';
import { formatTable } from '../../engine/export/report';
import { readSample } from '../../engine/probe/models';
import { closeRuns } from '../../engine/probe/openRuns';
import { taskProject, type TaskOptions, type TaskProject } from './taskProject';

let project: TaskProject;
afterEach(async () => {
  await closeRuns();
  await project.remove();
});

const pair = [{ teacher: 'relu3', student: 'relu3' }];
const train = async (task: keyof typeof mainMetric, options: TaskOptions): Promise<RunReport> => {
  project = await taskProject(task, options);
  return project.run();
};

/** The validation metric of the student after its first and after its last epoch. */
const progress = async ({ run, task }: RunReport): Promise<[number, number]> => {
  const points = parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
  const values = points.flatMap(({ stage, values: at }) =>
    stage === 'student' ? [at[`val_${mainMetric[task]}`]].filter((value) => value !== undefined) : [],
  );
  return [values[0] ?? NaN, values.at(-1) ?? NaN];
};

const plainOutputs = async (folder: string, values: number): Promise<Float32Array> => {
  const model = await loadPlainly(join(folder, 'model.json'));
  const outputs = model.predict(tf.fill([1, 16, 16, 1], values)) as tf.Tensor;
  return outputs.dataSync<'float32'>();
};

describe('a regression', () => {
  it('errs less with training, in the units of its target, and exports a student that gives those', async () => {
    const report = await train('regression', {
      losses: [{ method: 'task' }, { method: 'fitnets', weight: 0.1, pairs: pair }],
    });
    const [first, last] = await progress(report);
    expect(last).toBeLessThan(first);
    expect(report.student.metrics.r2).toBeGreaterThan(0.5);
    expect(report.student.metrics.mae).toBeLessThan(25);
    expect(report.gain).toBeCloseTo(
      (report.control?.metrics.mae ?? NaN) - (report.student.metrics.mae ?? NaN),
      9,
    );
    expect(report.metrics.best).toMatchObject({ metric: 'val_mae' });
    expect(formatTable(report)).toMatch(/Mean absolute error[\s\S]*reaches a mean absolute error of/);
    const columns = JSON.parse(await readFile(join(report.run, 'student/columns.json'), 'utf8')) as unknown;
    expect(columns).toEqual({ outputs: [{ name: '0' }] });
    const [value = NaN] = await plainOutputs(join(report.run, 'student'), 0.3);
    expect(value).toBeGreaterThan(30);
    const again = await exportFromRun(report.run, join(project.folder, 'again'));
    expect((await plainOutputs(again, 0.3))[0]).toBeCloseTo(value, 3);
    const { label, student } = await readSample(report.run, 0);
    expect(student?.probability).toBeNull();
    expect(Math.abs(Number(student?.label) - Number(label))).toBeLessThan(90);
  });
});

describe('a segmentation', () => {
  it('overlaps more with training; scores of half the size are enlarged', async () => {
    const report = await train('segmentation', {
      losses: [
        { method: 'task' },
        { method: 'cwd', weight: 0.5, pairs: [{ teacher: 'logits', student: 'logits' }] },
      ],
    });
    const [first, last] = await progress(report);
    expect(last).toBeGreaterThan(first);
    expect(report.student.metrics.miou).toBeGreaterThan(0.6);
    expect(report.student.metrics.pixel_acc).toBeGreaterThan(0.9);
    const points = parseMetrics(await readFile(join(report.run, 'metrics.jsonl'), 'utf8'));
    expect(points.some(({ split, values }) => split === 'train' && (values.miou ?? 0) > 0.3)).toBe(true);
    const { label, student } = await readSample(report.run, 0);
    expect(label.split(', ')).toHaveLength(2);
    expect(student?.probability).toBeGreaterThan(0.8);
  });
});

describe('a detection', () => {
  it('finds more with training', async () => {
    const report = await train('detection', {
      losses: [{ method: 'task' }, { method: 'fitnets', weight: 0.1, pairs: pair }],
      training: { epochs: 8 },
      more: { teacher: { model: 'models.js#teacher', train: { epochs: 2 } } },
    });
    const [first, last] = await progress(report);
    expect(last).toBeGreaterThan(first);
    expect(report.student.metrics.ap50).toBeGreaterThan(0.5);
    const points = parseMetrics(await readFile(join(report.run, 'metrics.jsonl'), 'utf8'));
    expect(Object.keys(points[0]?.values ?? {})).toEqual(
      expect.arrayContaining(['loss/task:heat', 'loss/task:box']),
    );
    expect((await readSample(report.run, 0)).label).toBe('1 box');
  });
});

describe('feature learning', () => {
  it('learns from the teacher without labels what a linear classifier can read', async () => {
    const report = await train('features', { losses: [{ method: 'task', weight: 0 }, { method: 'simreg' }] });
    expect(report.student.metrics.probe_acc).toBeGreaterThan(0.8);
    expect(report.student.metrics.knn_acc).toBeGreaterThan(0.7);
    expect(await plainOutputs(join(report.run, 'student'), 0.3)).toHaveLength(6);
    expect((await readSample(report.run, 0)).student).toBeNull();
  });
});

describe('what does not fit', () => {
  const refused = async (
    task: keyof typeof mainMetric,
    options: TaskOptions,
    message: RegExp,
    next: RegExp,
  ) => {
    project = await taskProject(task, options);
    await expect(project.run()).rejects.toMatchObject({
      message: expect.stringMatching(message),
      next: expect.stringMatching(next),
    });
    await project.remove();
  };

  it('is refused with the reason before anything is trained', async () => {
    await refused(
      'segmentation',
      { losses: [{ method: 'crd' }] },
      /crd is for classification and features, and .* segmentation/,
      /methods/,
    );
    await refused(
      'detection',
      { classes: 5 },
      /puts out 4 x 4 x 9 values, and a detection head for 2 classes \(0, 1\) is rows x columns x 6/,
      /\(classes \+ 4\) channels/,
    );
    await refused(
      'segmentation',
      { classes: 2 },
      /puts out 8 x 8 x 2 values, and the masks have 3 classes/,
      /data\.classes/,
    );
  });
});
