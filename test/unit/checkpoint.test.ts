import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Failed } from '../../engine/contract/failure';
import {
  listCheckpoints,
  newestCheckpoint,
  newestWhole,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
  type Progress,
} from '../../engine/training/checkpoint';

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'retort-checkpoint-'));
});
afterEach(() => rm(run, { recursive: true }));

const progress = (totalStep: number, stage = 'student'): Progress => ({
  stage,
  stageIndex: 0,
  step: totalStep,
  totalStep,
  epoch: 1,
  best: null,
  chosen: {},
  pending: { count: 2, sums: { loss: 3.5 } },
});
const variables = () =>
  new Map<string, tf.Tensor>([
    [
      'student/kernel',
      tf.tensor2d([
        [1.5, -2],
        [3e-8, 4],
      ]),
    ],
    ['optimizer/steps', tf.scalar(7)],
    ['2-crd/order', tf.tensor1d([3, 1, 2], 'int32')],
  ]);
const write = (totalStep: number, stage?: string) =>
  writeCheckpoint(run, progress(totalStep, stage), variables());
const folder = (name: string) => join(run, 'checkpoints', name);

describe('checkpoints', () => {
  it('give back every variable bit for bit', async () => {
    const read = await readCheckpoint(folder(await write(12)));
    expect(read.manifest).toMatchObject(progress(12));
    expect([...(read.variables.get('student/kernel')?.values ?? [])]).toEqual([
      1.5,
      -2,
      Math.fround(3e-8),
      4,
    ]);
    expect(read.variables.get('student/kernel')?.shape).toEqual([2, 2]);
    expect(read.variables.get('optimizer/steps')?.shape).toEqual([]);
    expect(read.variables.get('2-crd/order')).toMatchObject({
      dtype: 'int32',
      values: Int32Array.of(3, 1, 2),
    });
  });

  it.each([
    ['a truncated file', (name: string) => truncate(join(folder(name), 'variables.bin'), 10)],
    [
      'a flipped byte',
      async (name: string) => {
        const path = join(folder(name), 'variables.bin');
        const bytes = await readFile(path);
        bytes[3] = (bytes[3] ?? 0) ^ 1;
        await writeFile(path, bytes);
      },
    ],
    ['a lost file', (name: string) => rm(join(folder(name), 'variables.bin'))],
    ['a damaged manifest', (name: string) => writeFile(join(folder(name), 'manifest.json'), '{"version": 1')],
  ])('with %s are refused, and the one before is used', async (_, damage) => {
    await write(4);
    const name = await write(8);
    await damage(name);
    await expect(readCheckpoint(folder(name))).rejects.toMatchObject({ code: 'checkpointCorrupt' });
    const damaged: Failed[] = [];
    const used = await newestWhole(run, (failure) => damaged.push(failure));
    expect(used?.manifest.totalStep).toBe(4);
    expect(damaged).toHaveLength(1);
  });

  it('are found by stage, newest first', async () => {
    await write(4, 'teacher');
    await write(8);
    await write(12, 'control');
    expect(await newestCheckpoint(run)).toBe(folder('00000012'));
    expect(await newestCheckpoint(run, 'student')).toBe(folder('00000008'));
    expect(await newestCheckpoint(run, 'nothing')).toBeNull();
  });

  it('are pruned to the two newest and those that are kept; leftovers of a crash go', async () => {
    for (const step of [1, 2, 3, 4, 5]) await write(step);
    await writeFile(join(run, 'checkpoints', '00000006.ab12.tmp'), '');
    await pruneCheckpoints(run, new Set(['00000002']));
    expect((await readdir(join(run, 'checkpoints'))).sort()).toEqual(['00000002', '00000004', '00000005']);
    expect(await listCheckpoints(run)).toEqual(['00000002', '00000004', '00000005']);
  });
});
