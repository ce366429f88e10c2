import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { Task } from '../../engine/contract/recipe';
import { readRecipe } from '../../engine/recipe';
import { executeRun } from '../../engine/run/execute';
import { createRunFolder, freezeRecipe } from '../../engine/run/folder';
import { taskProject, type TaskProject } from './taskProject';

let project: TaskProject;
afterEach(() => project.remove());

const makeRun = async (): Promise<string> =>
  createRunFolder(freezeRecipe(await readRecipe(project.recipe), project.recipe), project.folder);

/** Executes a run, or all of it until this step of all its steps. */
const execute = (run: string, killAt = Infinity) =>
  executeRun(run, {
    onState: ({ totalStep }) => {
      if (totalStep >= killAt) throw new Error('killed');
    },
  });

const resultOf = async (run: string) => ({
  student: (await readFile(join(run, 'student/weights.bin'))).toString('hex'),
  control: (await readFile(join(run, 'control/weights.bin'))).toString('hex'),
  points: parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8')),
});

const arrays = { kind: 'arrays', images: 'x.npy', labels: 'y.npy', limit: 24 };
const pairs = [{ teacher: 'relu3', student: 'relu3' }];
const cases: [Task, object[]][] = [
  [
    'regression',
    [
      { method: 'task', error: 'huber' },
      { method: 'fitnets', pairs },
    ],
  ],
  ['segmentation', [{ method: 'task' }, { method: 'at', pairs }]],
  ['detection', [{ method: 'task' }, { method: 'fitnets', pairs }]],
  ['features', [{ method: 'task', weight: 0.5 }, { method: 'simreg' }]],
];

describe.each(cases)('a %s, cut off in the student’s stage', (task, losses) => {
  it('ends with the same bits as if it had not been', async () => {
    project = await taskProject(task, {
      losses,
      files: true,
      data: { ...arrays, augment: { flip: true, crop: 2 } },
      training: { epochs: 2, batchSize: 8, checkpointEvery: 1 },
      more: { teacher: { model: 'models.js#teacher', train: { epochs: 1 } }, backend: 'wasm' },
    });
    const whole = await makeRun();
    await execute(whole);
    const killed = await makeRun();
    await expect(execute(killed, 5)).rejects.toThrow('killed');
    await execute(killed);
    expect(await resultOf(killed)).toEqual(await resultOf(whole));
  });
});
