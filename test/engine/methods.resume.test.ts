import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunState } from '../../engine/contract/run';
import { methods } from '../../engine/methods/registry';
import { Random } from '../../engine/random';
import { readRecipe } from '../../engine/recipe';
import { executeRun } from '../../engine/run/execute';
import { createRunFolder, freezeRecipe } from '../../engine/run/folder';
import { listCheckpoints, readCheckpoint } from '../../engine/training/checkpoint';
import { baseRecipe, tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
});
afterAll(() => project.remove());

/** Parameters that make a method small enough, or let all of it take part. */
const parameters: Record<string, object> = {
  crd: { negatives: 8, dimension: 8 },
  mcl: { dimension: 8 },
  lmcl: { dimension: 8 },
  mgd: { reduction: 'random', samples: 24 },
  ho: { critic: 'wasserstein', width: 8 },
  hsakd: { headEpochs: 1 },
  sskd: { headEpochs: 1 },
  'cgan-kd': { samples: 24, ganEpochs: 2, filterEpochs: 1, width: 4, latent: 4 },
};

const makeRun = async (id: string, name: string): Promise<string> => {
  const own = { method: id, ...parameters[id] };
  await project.change({
    name,
    teacher: { model: 'teacher.js#teacher', train: { epochs: 1 } },
    losses: id === 'task' ? [own] : [{ method: 'task', weight: 1 }, own],
    training: { epochs: 2, batchSize: 8, learningRate: 0.01, logEvery: 1, checkpointEvery: 2 },
    data: { ...baseRecipe.data, limit: 27 },
    control: false,
    backend: 'wasm',
  });
  return createRunFolder(freezeRecipe(await readRecipe(project.recipe), project.recipe), project.folder);
};

/** Executes a run; where `killAt` is given, everything ends in the middle of that step of all its steps. */
const execute = async (run: string, killAt = Infinity): Promise<number> => {
  let steps = 0;
  const onState = (state: RunState): void => {
    steps = state.totalSteps;
    if (state.totalStep >= killAt) throw new Error('killed');
  };
  await executeRun(run, { onState });
  return steps;
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
  it('ends with the same bits as if it had not been', async () => {
    const whole = await makeRun(id, `${id}-whole`);
    const steps = await execute(whole);
    const killed = await makeRun(id, `${id}-whole`);
    const at = 1 + new Random(`kill/${id}`).integer(steps - 1);
    await expect(execute(killed, at)).rejects.toThrow('killed');
    await execute(killed);
    expect(await resultOf(killed), `killed in step ${at} of ${steps}`).toEqual(await resultOf(whole));
  });
});
