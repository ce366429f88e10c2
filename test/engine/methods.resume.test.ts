import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { Task } from '../../engine/contract/recipe';
import type { RunReport, RunState } from '../../engine/contract/run';
import { findMethod, methods } from '../../engine/methods/registry';
import { Random } from '../../engine/random';
import { readRecipe } from '../../engine/recipe';
import { executeRun } from '../../engine/run/execute';
import { createRunFolder, freezeRecipe } from '../../engine/run/folder';
import { listCheckpoints, readCheckpoint } from '../../engine/training/checkpoint';
import { baseRecipe, npy, tinyProject, type TinyProject } from './tinyProject';

/** Pictures of the tiny project. */
const [count, side, classes] = [480, 12, 3];

/** One convolution and a value for each of `channels` at every position of half the size. */
const denseModel = (name: string, width: number, channels: number): string => `
exports.${name} = () => {
  const model = tf.sequential();
  model.add(tf.layers.conv2d({ name: 'conv1', inputShape: [${side}, ${side}, 1], filters: ${width}, strides: 2, kernelSize: 3, padding: 'same', activation: 'relu' }));
  model.add(tf.layers.conv2d({ name: 'classes', filters: ${channels}, kernelSize: 1 }));
  return model;
};
`;

/** What is learnt of each picture: masks of two halves and an unlabelled row, and one box. */
const writeDense = async (folder: string): Promise<void> => {
  const masks = Int32Array.from({ length: count * side * side }, (_, at) =>
    at % (side * side) < side
      ? 255
      : (Math.floor(at / (side * side)) + Math.floor((at % side) / 6)) % classes,
  );
  const boxes = Float32Array.from({ length: count * 5 }, (_, at) =>
    at % 5 === 4 ? Math.floor(at / 5) % classes : ([0.2, 0.1, 0.7, 0.9][at % 5] as number),
  );
  const models = ['segmentation', 'detection'].map((task) => {
    const channels = task === 'detection' ? classes + 4 : classes;
    return denseModel(`${task}Teacher`, 8, channels) + denseModel(`${task}Student`, 4, channels);
  });
  await Promise.all([
    writeFile(join(folder, 'masks.npy'), npy('<i4', [count, side, side], masks)),
    writeFile(join(folder, 'boxes.npy'), npy('<f4', [count, 1, 5], boxes)),
    writeFile(join(folder, 'dense.js'), `const tf = require('@tensorflow/tfjs');\n${models.join('')}`),
  ]);
};

const targets: Partial<Record<Task, string>> = { segmentation: 'masks.npy', detection: 'boxes.npy' };

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
  await writeDense(project.folder);
});
afterAll(() => project.remove());

/** Parameters that make a method small enough, or let all of it take part. */
const parameters: Record<string, object> = {
  crd: { negatives: 8, dimension: 8 },
  mcl: { dimension: 8 },
  lmcl: { dimension: 8 },
  mgd: { reduction: 'random', samples: 24 },
  ho: { critic: 'wasserstein', width: 8 },
  csc: { adaptive: 1 },
  hsakd: { headEpochs: 1, backbone: 'trained' },
  sskd: { headEpochs: 1 },
  sns: { ganEpochs: 2, dimension: 16, width: 4, latent: 8 },
  'cgan-kd': { samples: 24, ganEpochs: 2, filterEpochs: 1, width: 4, latent: 4 },
};

/** The parts of a recipe that depend on the task. */
const taskParts = (task: Task) => {
  const labels = targets[task];
  const { images, input, kind } = baseRecipe.data;
  const model = (role: string) =>
    labels ? `dense.js#${task}${role}` : `${role.toLowerCase()}.js#${role.toLowerCase()}`;
  return {
    task,
    teacher: model('Teacher'),
    student: model('Student'),
    data: { ...(labels ? { kind, images, input, labels } : baseRecipe.data), limit: 27 },
  };
};

const makeRun = async (id: string, name: string): Promise<string> => {
  const own = { method: id, ...parameters[id] };
  const { tasks } = findMethod(id);
  await project.change({
    name,
    ...taskParts(tasks.includes('classification') ? 'classification' : (tasks[0] as Task)),
    losses: id === 'task' ? [own] : [{ method: 'task', weight: 1 }, own],
    training: { epochs: 2, batchSize: 8, learningRate: 0.01, logEvery: 1, checkpointEvery: 2 },
    control: false,
    backend: 'wasm',
  });
  return createRunFolder(freezeRecipe(await readRecipe(project.recipe), project.recipe), project.folder);
};

/** Executes a run; where `killAt` is given, everything ends in the middle of that step of all its steps. */
const execute = async (run: string, killAt = Infinity): Promise<{ report: RunReport; steps: number }> => {
  let steps = 0;
  const onState = (state: RunState): void => {
    steps = state.totalSteps;
    if (state.totalStep >= killAt) throw new Error('killed');
  };
  return { report: await executeRun(run, { onState }), steps };
};

/** How many numbers the exported student holds. */
const exportedSize = async (run: string): Promise<number> => {
  const text = await readFile(join(run, 'student', 'model.json'), 'utf8');
  const model = JSON.parse(text) as { weightsManifest: { weights: { shape: number[] }[] }[] };
  return model.weightsManifest
    .flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
};

const resultOf = async (run: string) => {
  const names = await listCheckpoints(run);
  const manifests = await Promise.all(
    names.map(async (name) => (await readCheckpoint(join(run, 'checkpoints', name))).manifest),
  );
  return {
    checkpoints: manifests.map(({ totalStep, files }) => [totalStep, files]),
    student: (await readFile(join(run, 'student', 'weights.bin'))).toString('hex'),
    points: parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8')),
  };
};

describe.each(methods.map(({ id }) => id))('%s, cut off at a random step', (id) => {
  it('ends with the same bits as if it had not been, and exports the student alone', async () => {
    const whole = await makeRun(id, `${id}-whole`);
    const { report, steps } = await execute(whole);
    expect(await exportedSize(whole), 'the student alone is exported').toBe(report.student.parameters);
    const killed = await makeRun(id, `${id}-whole`);
    const at = 1 + new Random(`kill/${id}`).integer(steps - 1);
    await expect(execute(killed, at)).rejects.toThrow('killed');
    await execute(killed);
    expect(await resultOf(killed), `killed in step ${at} of ${steps}`).toEqual(await resultOf(whole));
  });
});
