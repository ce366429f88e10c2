import { describe, expect, it } from 'vitest';
import type { Run, ShownStatus } from '../../../../src/runs/runFolder';
import { contextValue, mainMetric, reportItems, runItem, shortNumber } from '../../../../src/runs/runItem';
import { makeReport, makeState } from '../../../host/fixtures/writeRun';

const run = (status: ShownStatus, changes: Parameters<typeof makeState>[0] = {}): Run => ({
  id: 'a',
  folder: '/p/.retort/runs/a',
  name: 'small_net',
  createdAt: '2026-01-02T03:04:05.000Z',
  source: '/p/a.distill.json',
  status,
  state: makeState({ ...(status === 'interrupted' ? {} : { status }), ...changes }),
});

describe('runItem', () => {
  it('tells how far a training run is', () => {
    const item = runItem(run('training'));
    expect(item).toMatchObject({
      label: 'small_net',
      description: 'epoch 7/20 · val_acc 0.912',
      icon: 'sync~spin',
      accessibility: 'Run small_net, training, epoch 7/20, val_acc 0.912, 32 percent',
    });
    expect(item.tooltip).toContain('small\\_net');
    expect(item.tooltip).toContain('32 % · 65 of 200 steps');
    expect(item.tooltip).toContain('About 2 min left');
  });

  it('tells how many pictures have been decoded', () => {
    const decoded = { done: 1200, total: 50_000 };
    const { description } = runItem(run('preparing', { decoded, latest: {} }));
    expect(description).toBe('preparing: 1200 of 50000 pictures');
  });

  it('names the stage where there are several, and shows that stage’s numbers', () => {
    const stages = [
      { name: 'teacher', epochs: 5, stepsPerEpoch: 10 },
      { name: 'student', epochs: 20, stepsPerEpoch: 10 },
    ];
    const latest = { 'teacher/val_acc': 0.5, 'student/val_acc': 0.1 };
    expect(runItem(run('training', { stages, epoch: 0, latest })).description).toBe(
      'teacher · epoch 1/5 · val_acc 0.500',
    );
  });

  it('shows the best value of a run that is done', () => {
    const best = { epoch: 18, metric: 'val_acc', value: 0.93 };
    const item = runItem(run('done', { best, totalStep: 200 }));
    expect(item.description).toBe('done · val_acc 0.930');
    expect(item.accessibility).not.toContain('percent');
  });

  it('says why a run failed and what to do', () => {
    const failure = {
      code: 'notANumber' as const,
      message: 'The loss is not a number.',
      next: 'Lower the rate.',
    };
    const item = runItem(run('failed', { failure, latest: {} }));
    expect(item.description).toBe('failed');
    expect(item.tooltip).toContain('The loss is not a number\\. Lower the rate\\.');
    expect(runItem(run('interrupted')).tooltip).toContain('Its process is gone');
  });

  it('counts what was noticed about the losses, and says it in the tooltip', () => {
    const warning = {
      stage: 'student',
      loss: 'kd',
      kind: 'zero' as const,
      message: 'The loss kd has been exactly 0.',
      next: 'Leave it out.',
    };
    const item = runItem(run('training', { warnings: [warning] }));
    expect(item.description).toContain('1 warning');
    expect(item.tooltip).toContain('$(warning) student: The loss kd has been exactly 0\\. Leave it out\\.');
  });

  it('gives menus what they ask for, in a fixed order', () => {
    expect(contextValue('training')).toBe('run;state=training;active;fixed');
    expect(contextValue('interrupted')).toBe('run;state=interrupted;ended;resumable');
    expect(contextValue('done')).toBe('run;state=done;ended;fixed');
    expect(contextValue('stopping')).toMatch(/^run;.*;active/);
    expect(contextValue('failed')).toMatch(/^run;.*;resumable/);
  });
});

it('prefers validation accuracy, then losses', () => {
  expect(mainMetric({ 'student/loss': 1, 'student/val_acc': 0.5 })).toEqual(['val_acc', 0.5]);
  expect(mainMetric({ 'control/loss': 2 }, 'control')).toEqual(['loss', 2]);
  expect(mainMetric({})).toBeNull();
});

it('writes numbers short', () => {
  expect([0.91234, 0, 12.3456, 0.00001, 123456, NaN].map(shortNumber)).toEqual([
    '0.912',
    '0.000',
    '12.346',
    '1.0e-5',
    '1.2e+5',
    'not a number',
  ]);
});

it('lists the networks of a report', () => {
  const rows = reportItems('a', makeReport('a', 'x'));
  expect(rows.map(({ label, description }) => `${label}: ${description}`)).toEqual([
    'Teacher: acc 0.950 · 1.2 M parameters · 120.0 M MACs · 1.3 ms',
    'Student: acc 0.930 · 48.0 k parameters · 4.8 M MACs · 1.3 ms',
    'Control: acc 0.910 · 48.0 k parameters · 4.8 M MACs · 1.3 ms',
  ]);
  expect(reportItems('a', { ...makeReport('a', 'x'), teacher: null, control: null })).toHaveLength(1);
});
