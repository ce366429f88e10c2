import { describe, expect, it } from 'vitest';
import type { Run, ShownStatus } from '../../../../src/runs/runFolder';
import { stageItems } from '../../../../src/runs/stageItems';
import { makeState } from '../../../host/fixtures/writeRun';

const stages = [
  { name: 'teacher', epochs: 5, stepsPerEpoch: 10 },
  { name: 'cgan-kd-gan', epochs: 40, stepsPerEpoch: 10 },
  { name: 'student', epochs: 1, stepsPerEpoch: 10 },
];
const latest = { 'teacher/val_acc': 0.9, 'cgan-kd-gan/loss': 0.25, 'student/val_acc': 0.1 };

const run = (status: ShownStatus, stage: number, kept = stages): Run => ({
  id: 'a',
  folder: '/p/.retort/runs/a',
  name: 'small',
  createdAt: '2026-01-02T03:04:05.000Z',
  source: '/p/a.distill.json',
  status,
  state: makeState({ stages: kept, stage, epoch: 7, latest }),
});

describe('stageItems', () => {
  it('shows what was trained, what is trained and what will be, each with its own numbers', () => {
    const items = stageItems(run('training', 1));
    expect(items.map(({ label, icon, description }) => [label, icon, description])).toEqual([
      ['1. teacher', 'pass', '5 epochs · val_acc 0.900'],
      ['2. cgan-kd-gan', 'sync~spin', 'epoch 7/40 · loss 0.250'],
      ['3. student', 'circle-outline', '1 epoch'],
    ]);
    expect(new Set(items.map(({ id }) => id)).size).toBe(3);
    expect(items[1]?.accessibility).toBe('Stage cgan-kd-gan, training, epoch 7/40 · loss 0.250');
  });

  it('shows where a run was stopped, and a run that is done as done', () => {
    expect(stageItems(run('stopped', 1)).map(({ icon }) => icon)).toEqual([
      'pass',
      'debug-pause',
      'circle-outline',
    ]);
    expect(stageItems(run('done', 2)).map(({ icon }) => icon)).toEqual(['pass', 'pass', 'pass']);
  });

  it('is empty for a run of one stage', () => {
    expect(stageItems(run('training', 0, stages.slice(2)))).toEqual([]);
  });
});
