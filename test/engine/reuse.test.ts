import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport, RunState } from '../../engine/contract/run';
import { executeRun } from '../../engine/run/execute';
import { readState, requestStop } from '../../engine/run/folder';
import { startRun } from '../../engine/run/start';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeEach(async () => {
  project = await tinyProject();
});
afterEach(() => project.remove());

const training = { epochs: 2, batchSize: 32, learningRate: 0.02, logEvery: 3 };
const recipe = {
  losses: [
    { method: 'task', weight: 1 },
    { method: 'sskd', weight: 0.1, headEpochs: 1 },
  ],
  teacher: { model: 'teacher.js#teacher', train: { epochs: 2 } },
  training,
  control: false,
  reuse: true,
};

const finish = (onState: (state: RunState) => void = () => undefined): Promise<RunReport> =>
  startRun(project.recipe, { onFolder: () => undefined, onState });

const weightsOf = ({ run }: RunReport) => readFile(join(run, 'student', 'weights.bin'));
const pointsOf = async ({ run }: RunReport) =>
  parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8'));
const eventsOf = ({ run }: RunReport) => readFile(join(run, 'events.jsonl'), 'utf8');
const takenOver = async (report: RunReport) =>
  [...(await eventsOf(report)).matchAll(/The stage \\"([\w-]+)\\" was taken over/g)].map(([, name]) => name);

describe('stages of earlier runs', () => {
  it('are taken over whole, with their points, and the student ends as if they had been trained', async () => {
    await project.change(recipe);
    const first = await finish();
    expect(await takenOver(first)).toEqual([]);
    const seen = new Set<string>();
    const second = await finish(({ stages, stage, status, step }) => {
      if (status === 'training' && step === 1) seen.add(stages[stage]?.name ?? '');
    });
    expect(await takenOver(second)).toEqual(['teacher', 'sskd-head']);
    expect([...seen]).toEqual(['student']);
    expect((await weightsOf(second)).equals(await weightsOf(first))).toBe(true);
    expect(await pointsOf(second)).toEqual(await pointsOf(first));
    expect(second.teacher?.metrics).toEqual(first.teacher?.metrics);
    const { totalStep, totalSteps } = await readState(second.run);
    expect(totalStep).toBe(totalSteps);
    const kept = await readdir(join(dirname(first.run), '.stages'));
    expect(kept).toHaveLength(2);
  }, 120_000);

  it('are trained anew where anything differs that they depend on, and only those', async () => {
    await project.change(recipe);
    await finish();
    await project.change({
      ...recipe,
      losses: [recipe.losses[0], { method: 'sskd', weight: 0.2, headEpochs: 2 }],
    });
    expect(await takenOver(await finish())).toEqual(['teacher']);
    await project.change({ ...recipe, seed: 2 });
    expect(await takenOver(await finish())).toEqual([]);
    await project.change({ ...recipe, reuse: false });
    expect(await takenOver(await finish())).toEqual([]);
  }, 120_000);

  it('stay taken over when the run is stopped after them and resumed', async () => {
    await project.change(recipe);
    const first = await finish();
    let folder = '';
    const stopped = startRun(project.recipe, {
      onFolder: (made) => (folder = made),
      onState: ({ stages, stage, step }) => {
        if (stages[stage]?.name === 'student' && step >= 4) void requestStop(folder);
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'stopped' });
    const resumed = await executeRun(folder, { onState: () => undefined });
    expect((await weightsOf(resumed)).equals(await weightsOf(first))).toBe(true);
    expect(await pointsOf(resumed)).toEqual(await pointsOf(first));
  }, 120_000);
});

describe('the exported network of a cohort', () => {
  const cohort = {
    losses: [
      { method: 'task', weight: 1 },
      { method: 'dml', networks: 3 },
    ],
    teacher: undefined,
    training: { ...training, epochs: 1, learningRate: 0.05 },
    control: false,
  };
  const outcome = async (seed: number, choice: 'student' | 'best') => {
    await project.change({ ...cohort, seed, export: choice });
    const report = await finish();
    const events = await eventsOf(report);
    const found = /(peer\d) validates best and is exported: val_acc (\d\.\d+), the student (\d\.\d+)/.exec(
      events,
    );
    return { report, found, weights: await weightsOf(report) };
  };

  it('is the peer that validates best, if the recipe wants the best', async () => {
    const trials = [];
    for (const seed of [1, 2, 3, 4]) trials.push({ seed, ...(await outcome(seed, 'best')) });
    const better = trials.find(({ found }) => found);
    expect(better, 'of four cohorts one has a better peer').toBeDefined();
    expect(Number(better?.found?.[2])).toBeGreaterThan(Number(better?.found?.[3]));
    const state = await readState(better?.report.run ?? '');
    expect(state.best?.value).toBeCloseTo(Number(better?.found?.[2]), 4);
    const first = await outcome(better?.seed ?? 1, 'student');
    expect(first.found).toBeNull();
    expect(first.weights.equals(better?.weights ?? Buffer.alloc(0))).toBe(false);
  }, 120_000);
});
