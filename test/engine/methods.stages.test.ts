import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport, RunState } from '../../engine/contract/run';
import { executeRun } from '../../engine/run/execute';
import { readState, requestStop } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { newestWhole } from '../../engine/training/checkpoint';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

const training = { epochs: 2, batchSize: 32, learningRate: 0.02, logEvery: 3 };

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
  const onFolder = (made: string): void => void (folder = made);
  let running = startRun(project.recipe, { onFolder, onState });
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

const pointsOf = async ({ run }: RunReport) =>
  parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));

/** Name and hash of what the last checkpoint holds, and what the curves say. */
const ending = async (report: RunReport) => {
  const checkpoint = await newestWhole(report.run, (failure) => {
    throw failure;
  });
  return {
    files: checkpoint?.manifest.files,
    points: await pointsOf(report),
    metrics: report.student.metrics,
  };
};

const stageNames = async ({ run }: RunReport) => (await readState(run)).stages.map(({ name }) => name);

describe('losses with stages of their own', () => {
  beforeEach(() =>
    project.change({
      losses: [
        { method: 'task', weight: 1 },
        { method: 'hsakd', weight: 0.2, headEpochs: 3 },
        { method: 'sskd', weight: 0.1, headEpochs: 1 },
      ],
      teacher: { model: 'teacher.js#teacher', train: { epochs: 1 } },
      training,
      control: false,
    }),
  );

  it('train them before the student, and a run stopped in any of them ends the same', async () => {
    const whole = await runWithStops([]);
    expect(await stageNames(whole)).toEqual(['teacher', 'hsakd-heads', 'sskd-head', 'student']);
    const points = await pointsOf(whole);
    const heads = points.filter(({ stage }) => stage === 'hsakd-heads');
    expect(heads.every(({ split }) => split === 'train')).toBe(true);
    const losses = heads.map(({ values }) => values['loss/hsakd:conv2'] as number);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect(Object.keys(heads[0]?.values ?? {})).not.toContain('acc');
    const stops = [
      { stage: 'hsakd-heads', step: 4 },
      { stage: 'sskd-head', step: 2 },
      { stage: 'student', step: 5 },
    ];
    const resumed = await runWithStops(stops);
    expect(await ending(resumed)).toEqual(await ending(whole));
  }, 120_000);

  it('leave the student as it is until its turn', async () => {
    let folder = '';
    const stopped = startRun(project.recipe, {
      onFolder: (made) => (folder = made),
      onState: (state) => {
        if (state.stages[state.stage]?.name === 'sskd-head' && state.step > 0) void requestStop(folder);
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'stopped' });
    const checkpoint = await newestWhole(folder, (failure) => {
      throw failure;
    });
    expect(checkpoint?.manifest.chosen).toHaveProperty('hsakd-heads');
    const mean = checkpoint?.variables.get('student/norm1/moving_mean');
    expect([...(mean?.values ?? [1])].every((value) => value === 0)).toBe(true);
  }, 60_000);
});

describe('losses without a teacher', () => {
  it('work together in a recipe that names none, stop and resume, and export the student alone', async () => {
    await project.change({
      losses: [
        { method: 'task', weight: 1 },
        { method: 'mcl', dimension: 8 },
        { method: 'mixskd' },
        { method: 'mfef' },
      ],
      teacher: undefined,
      training,
      control: false,
    });
    const whole = await runWithStops([]);
    expect(whole.teacher).toBeNull();
    expect(await stageNames(whole)).toEqual(['student']);
    const values = (await pointsOf(whole))
      .map((point) => point.values)
      .find(({ loss }) => loss !== undefined);
    for (const name of ['loss/mcl:peer1', 'loss/mcl:softVcl', 'loss/mixskd:final', 'loss/mfef:soft'])
      expect(values?.[name], name).toBeGreaterThan(0);
    const model = JSON.parse(await readFile(join(whole.run, 'student', 'model.json'), 'utf8')) as {
      weightsManifest: { weights: { shape: number[] }[] }[];
    };
    const exported = model.weightsManifest.flatMap(({ weights }) => weights);
    const sizes = exported.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(whole.student.parameters);
    const resumed = await runWithStops([{ stage: 'student', step: 7 }]);
    expect(await ending(resumed)).toEqual(await ending(whole));
  }, 120_000);

  it('are refused together where both compose the batches', async () => {
    await project.change({
      losses: [
        { method: 'mcl', dimension: 4 },
        { method: 'mcl', dimension: 8 },
      ],
      teacher: undefined,
      training,
    });
    await expect(runWithStops([])).rejects.toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('mcl and mcl-2') as string,
    });
  });
});
