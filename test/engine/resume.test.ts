import { cp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport, RunState } from '../../engine/contract/run';
import { requestStop } from '../../engine/run/folder';
import { listCheckpoints, readCheckpoint } from '../../engine/training/checkpoint';
import { runCommand, startCommand } from './command';
import { tinyProject, wide, type TinyProject } from './tinyProject';

/** Losses with memories, heads and a learnable temperature: everything that a checkpoint must hold. */
const losses = [
  { method: 'task', weight: 1 },
  { method: 'ctkd', weight: 0.9 },
  { method: 'crd', weight: 0.1, negatives: 16, dimension: 8 },
  { method: 'cwd', weight: 3, pairs: [{ teacher: 'conv2', student: 'conv2', adapter: 'conv1x1-bn-relu' }] },
];

let project: TinyProject;
let whole: RunReport;

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const stateOf = async (run: string): Promise<RunState> =>
  JSON.parse(await readFile(join(run, 'state.json'), 'utf8')) as RunState;

const pointsOf = async (run: string) =>
  parseMetrics(await readFile(join(run, 'metrics.jsonl'), 'utf8').catch(() => ''));

const lastCheckpoints = async (run: string) => {
  const names = await listCheckpoints(run);
  return Promise.all(
    names.map(async (name) => (await readCheckpoint(join(run, 'checkpoints', name))).manifest),
  );
};

const requireSame = async (run: string): Promise<void> => {
  const [wanted, found] = [await lastCheckpoints(whole.run), await lastCheckpoints(run)];
  expect(found.map((one) => [one.totalStep, one.files])).toEqual(
    wanted.map((one) => [one.totalStep, one.files]),
  );
  for (const model of ['teacher', 'student', 'control']) {
    const [one, other] = [whole.run, run].map((folder) => join(folder, model, 'weights.bin'));
    expect((await readFile(other as string)).equals(await readFile(one as string))).toBe(true);
  }
  expect(await pointsOf(run)).toEqual(await pointsOf(whole.run));
};

/** Starts a run and gives its folder as soon as it is there. */
const startRun = async () => {
  const command = startCommand(['run', project.recipe, '--json']);
  const folder = await new Promise<string>((resolve, reject) => {
    command.process.stderr?.on('data', (chunk: Buffer) => {
      const found = /Run: (.+)/.exec(chunk.toString());
      if (found?.[1]) resolve(found[1]);
    });
    void command.ended.then((result) => reject(new Error(result.errors)));
  });
  return { command, folder };
};

describe.each([
  ['auto', 'on'],
  ['wasm', 'on'],
  ['wasm', 'off'],
])('a run that is cut off, backend %s, native kernels %s', (backend, native) => {
  beforeAll(async () => {
    process.env.RETORT_NATIVE_KERNELS = native;
    project = await tinyProject(wide);
    await project.change({
      backend,
      losses,
      teacher: { model: 'teacher.js#teacher', train: { epochs: 2 } },
      training: { epochs: 3, batchSize: 32, learningRate: 0.05, logEvery: 3, checkpointEvery: 5 },
    });
    const result = await runCommand(['run', project.recipe, '--json']);
    if (result.code !== 0) throw new Error(result.errors);
    whole = JSON.parse(result.output) as RunReport;
  }, 120_000);
  afterAll(() => project.remove());

  it('ends with the same weights and points as one that was not, however often it is killed', async () => {
    const { command, folder } = await startRun();
    const stages = new Set<string>();
    let running = command;
    for (const count of [4, 19, 38]) {
      while ((await pointsOf(folder)).length < count && running.process.exitCode === null) await wait(5);
      expect(running.process.exitCode, 'the run still goes on').toBeNull();
      running.process.kill('SIGKILL');
      await running.ended;
      stages.add((await pointsOf(folder)).at(-1)?.stage ?? '');
      running = startCommand(['resume', folder, '--json']);
    }
    const result = await running.ended;
    expect(result.code, result.errors).toBe(0);
    expect(stages).toEqual(new Set(['teacher', 'student', 'control']));
    expect((await stateOf(folder)).status).toBe('done');
    await requireSame(folder);
  }, 180_000);

  it('measures its results once more, not twice, when it was killed while doing so', async () => {
    const folder = join(project.folder, 'measured');
    await cp(whole.run, folder, { recursive: true });
    await rm(join(folder, 'report.json'));
    const resumed = await runCommand(['resume', folder, '--json']);
    expect(resumed.code, resumed.errors).toBe(0);
    await requireSame(folder);
  }, 60_000);

  it('says so where it goes on with other kernels', async () => {
    const folder = join(project.folder, 'elsewhere');
    await cp(whole.run, folder, { recursive: true });
    await rm(join(folder, 'report.json'));
    const env = { ...process.env, RETORT_NATIVE_KERNELS: 'off' };
    const resumed = await runCommand(['resume', folder, '--json'], { env });
    expect(resumed.code, resumed.errors).toBe(0);
    const [before, now] = [whole, JSON.parse(resumed.output) as RunReport].map(
      ({ backend }) => backend.description,
    );
    const events = await readFile(join(folder, 'events.jsonl'), 'utf8');
    const told = `The run goes on with ${now}; so far it computed with ${before}.`;
    expect(events.includes(told)).toBe(before !== now);
  }, 60_000);

  it('stops at the next batch when asked to, says so, and resumes to the same end', async () => {
    const { command, folder } = await startRun();
    while ((await listCheckpoints(folder)).length === 0) await wait(20);
    await requestStop(folder);
    const stopped = await command.ended;
    expect(stopped.code).toBe(1);
    expect(JSON.parse(stopped.output)).toMatchObject({ failure: { code: 'stopped' } });
    expect(await stateOf(folder)).toMatchObject({ status: 'stopped', pid: null });
    expect(existsSync(join(folder, 'stop'))).toBe(false);
    const resumed = await runCommand(['resume', folder, '--json']);
    expect(resumed.code, resumed.errors).toBe(0);
    await requireSame(folder);
  }, 180_000);
});
