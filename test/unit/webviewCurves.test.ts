import { describe, expect, it } from 'vitest';
import type { MetricPoint } from '../../engine/contract/run';
import { chartOf, hiddenKey, planCharts, positions, stageStyle } from '../../webview/curves/chartPlan';
import { fullSpan } from '../../webview/curves/chartGrid';
import {
  type Curve,
  appendPoints,
  decimate,
  lowerBound,
  newest,
  smooth,
  trend,
} from '../../webview/curves/curveModel';
import { epochTable, sortRows } from '../../webview/curves/epochTable';
import { gainWords, resultRows } from '../../webview/curves/resultTable';
import { RunStore } from '../../webview/curves/runStore';
import { formatMetric } from '../../webview/shared/format';
import { fakeRun } from '../webview/runs';

const point = (
  step: number,
  values: Record<string, number>,
  more: Partial<MetricPoint> = {},
): MetricPoint => ({
  stage: 'student',
  step,
  epoch: Math.floor(step / 100) + 1,
  split: 'train',
  values,
  ...more,
});

const curvesOf = (points: MetricPoint[]): Map<string, Curve> => {
  const curves = new Map<string, Curve>();
  appendPoints(curves, points);
  return curves;
};

describe('appendPoints', () => {
  it('keeps stages and splits apart and names the split once', () => {
    const curves = curvesOf([
      point(10, { acc: 0.5 }),
      point(10, { acc: 0.4 }, { split: 'validation' }),
      point(20, { val_acc: 0.45 }, { split: 'validation' }),
      point(10, { acc: 0.3 }, { stage: 'control' }),
    ]);
    expect([...curves.keys()]).toEqual(['student acc', 'student val_acc', 'control acc']);
    expect(curves.get('student val_acc')?.values).toEqual([0.4, 0.45]);
  });

  it('drops what a resumed run does again', () => {
    const curve = curvesOf([
      point(10, { loss: 3 }),
      point(20, { loss: 2 }),
      point(30, { loss: 1 }),
      point(20, { loss: 9 }),
    ]).get('student loss');
    expect(curve?.steps).toEqual([10, 20]);
    expect(curve?.values).toEqual([3, 9]);
  });

  it('makes a gap of what is not a number, also after JSON made null of it', () => {
    const values = { loss: JSON.parse('null') as number };
    const curve = curvesOf([point(1, { loss: NaN }), point(2, values), point(3, { loss: 1 })]).get(
      'student loss',
    );
    expect(curve?.values).toEqual([null, null, 1]);
  });
});

describe('smooth', () => {
  it('leaves values alone at 0, and a level line at any factor', () => {
    expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2]);
    for (const value of smooth([2, 2, 2], 0.9)) expect(value).toBeCloseTo(2, 12);
  });

  it('is the weighted mean of what came before, without the pull of a start at zero', () => {
    const [first, second] = smooth([4, 8], 0.75);
    expect(first).toBeCloseTo(4, 12);
    expect(second).toBeCloseTo((0.75 * 4 + 8) / 1.75, 12);
  });

  it('keeps gaps and does not count them', () => {
    const values = smooth([4, null, 8], 0.75);
    expect(values[1]).toBeNull();
    expect(values[2]).toBeCloseTo((0.75 * 4 + 8) / 1.75, 12);
  });
});

describe('decimate', () => {
  const xs = Array.from({ length: 50_000 }, (_, index) => index);
  const ys = xs.map((x) => Math.sin(x / 700) + (x === 31_234 ? 50 : 0) + (x === 4_321 ? -50 : 0));

  it('keeps at most two points for a pixel, every peak, and their order', () => {
    const kept = decimate(xs, ys, { min: 0, max: 49_999 }, 500);
    expect(kept.length).toBeLessThanOrEqual(2 * 500 + 2);
    expect(kept).toContain(31_234);
    expect(kept).toContain(4_321);
    expect(kept).toEqual([...kept].sort((one, other) => one - other));
  });

  it('keeps what is in view and one point beyond either end', () => {
    const kept = decimate(xs, ys, { min: 100.5, max: 103.5 }, 500);
    expect(kept.map((index) => xs[index])).toEqual([100, 101, 102, 103, 104]);
  });

  it('keeps a gap of a whole pixel', () => {
    const gapped = ys.map((y, index) => (index >= 20_000 && index < 20_500 ? null : y));
    const kept = decimate(xs, gapped, { min: 0, max: 49_999 }, 500);
    expect(kept.some((index) => gapped[index] === null)).toBe(true);
  });

  it('finds nothing outside', () => {
    expect(decimate([], [], { min: 0, max: 1 }, 100)).toEqual([]);
    expect(lowerBound([1, 2, 2, 3], 2)).toBe(1);
    expect(lowerBound([1, 2, 2, 3], 2, true)).toBe(3);
  });
});

describe('newest and trend', () => {
  it('looks past gaps', () => {
    expect(newest([1, 2, null])).toBe(2);
    expect(newest([null])).toBeNull();
    expect(trend([5, 4, 3, 2, 1, null])).toBe('falling');
    expect(trend([1, 2, 3, 4, 5])).toBe('rising');
    expect(trend([1, 1, 1])).toBe('level');
    expect(trend([])).toBe('level');
  });
});

describe('RunStore', () => {
  const run = fakeRun({ points: 20 });

  it('adds points, and sees that some are missing', () => {
    const store = new RunStore();
    store.show([run]);
    const more = [point(9000, { loss: 1 }), point(9010, { loss: 0.5 })];
    expect(store.append(run.id, run.points.length, more, run.state, null)).toBe('done');
    expect(store.runs[0]?.curves.get('student loss')?.values.at(-1)).toBe(0.5);
    expect(store.append(run.id, run.points.length + 3, more, run.state, null)).toBe('gap');
    expect(store.append('another', 0, more, run.state, null)).toBe('gap');
  });

  it('tells runs of one name apart by their start', () => {
    const store = new RunStore();
    const later = { ...run.state, startedAt: '2026-01-02T05:14:05.000Z' };
    store.show([run, { ...run, id: 'b', state: later }, { ...run, id: 'c', name: 'other' }]);
    const names = store.runs.map(({ name }) => name);
    expect(names[0]).toMatch(/^digits \d\d-\d\d \d\d:04$/);
    expect(names[1]).toMatch(/^digits \d\d-\d\d \d\d:14$/);
    expect(names[2]).toBe('other');
  });

  it('takes back what was written again', () => {
    const store = new RunStore();
    store.show([run]);
    store.append(run.id, 1, [point(20, { loss: 7 })], run.state, null);
    expect(store.runs[0]?.points).toHaveLength(2);
    expect(store.runs[0]?.curves.get('student loss')?.values).toHaveLength(2);
    expect(run.points.length).toBeGreaterThan(2);
  });
});

describe('planCharts', () => {
  const runs = (...shapes: Parameters<typeof fakeRun>[0][]) => {
    const store = new RunStore();
    store.show(shapes.map(fakeRun));
    return store.runs;
  };

  it('has one chart for accuracy, one for the total, one for each term, one for the rate', () => {
    const plans = planCharts(runs({ points: 20 }), new Set());
    const ids = plans.map((plan) => plan.id);
    expect(ids).toEqual(['accuracy', 'loss', 'loss/task', 'loss/kd', 'loss/cwd:conv5', 'lr']);
    expect(plans[0]?.lines.map((line) => line.label)).toEqual([
      'student · acc',
      'student · val_acc',
      'control · acc',
      'control · val_acc',
    ]);
    expect(plans[2]?.lines.map((line) => line.label)).toEqual(['student']);
    expect(chartOf('val_loss/kd')).toBe('loss/kd');
  });

  it('draws the losses’ shares as one explained chart, told apart by colour, and by dash among runs', () => {
    const sharing = (count: number) => {
      const shown = runs(...Array.from({ length: count }, (_, index) => ({ id: `r${index}`, points: 20 })));
      for (const { curves } of shown)
        appendPoints(curves, [point(1, { 'share/task': 0.2, 'share/kd': 0.8 })]);
      return planCharts(shown, new Set()).find(({ id }) => id === 'share');
    };
    const alone = sharing(1);
    expect(alone).toMatchObject({ title: 'Shares of the gradient', canLog: false });
    expect(alone?.note).toMatch(/drowns the others/);
    expect(new Set(alone?.lines.map(({ style }) => style.colour)).size).toBe(2);
    const two = sharing(2)?.lines.map(({ style }) => `${style.colour} ${style.dash.join()}`);
    expect(new Set(two).size).toBe(4);
    expect(formatMetric('share/kd', 0.8)).toBe('80.0 %');
  });

  it('leaves hidden stages and test results out', () => {
    const [run] = runs({ points: 20 });
    if (!run) throw new Error('no run');
    appendPoints(run.curves, [point(200, { acc: 0.9 }, { split: 'test' })]);
    const plans = planCharts([run], new Set([hiddenKey(run.id, 'control')]));
    expect(plans[0]?.lines.map((line) => line.label)).toEqual(['student · acc', 'student · val_acc']);
  });

  it('tells stages apart by colour in one run, by dash alone in several', () => {
    expect(stageStyle(0, 1, 'student')).toEqual({ colour: 'blue', dash: [] });
    expect(stageStyle(0, 1, 'control').colour).not.toBe('blue');
    expect(stageStyle(1, 2, 'control').colour).toBe(stageStyle(1, 2, 'student').colour);
    const dashes = ['student', 'control', 'teacher'].map((stage) => stageStyle(1, 2, stage).dash.join());
    expect(new Set(dashes).size).toBe(3);
  });

  it('measures epochs by the steps of the stage', () => {
    const [accuracy] = planCharts(runs({ points: 20 }), new Set());
    const line = accuracy?.lines[0];
    if (!accuracy || !line) throw new Error('no line');
    expect(positions(line, 'steps').slice(0, 2)).toEqual([10, 20]);
    expect(positions(line, 'epochs').slice(0, 2)).toEqual([0.1, 0.2]);
    expect(positions({ ...line, stepsPerEpoch: null }, 'epochs')[0]).toBe(1);
    expect(fullSpan([accuracy], 'steps')).toEqual({ min: 10, max: 200 });
  });
});

describe('epochTable', () => {
  it('has the last number of every epoch, sorted as asked, with gaps last', () => {
    const store = new RunStore();
    store.show([fakeRun({ points: 30 })]);
    const { metrics, rows } = epochTable(store.runs, new Set());
    expect(metrics).toContain('loss/kd');
    expect(rows).toHaveLength(6);
    const student = rows.filter((row) => row.stage === 'student');
    const last = store.runs[0]?.curves.get('student loss')?.values.at(-1);
    expect(student.at(-1)?.values.get('loss')).toBe(last);
    const byKd = sortRows(rows, { column: 'loss/kd', descending: true });
    expect(byKd.slice(3).every((row) => row.stage === 'control')).toBe(true);
    const epochs = sortRows(rows, { column: 'epoch', descending: true }).map((row) => row.epoch);
    expect(epochs).toEqual([3, 3, 2, 2, 1, 1]);
  });
});

describe('resultRows', () => {
  it('sets the networks against the teacher, and gives the gain to the student', () => {
    const { report } = fakeRun({ points: 10, report: true });
    if (!report) throw new Error('no report');
    const rows = resultRows(report);
    expect(rows.map((row) => row.role)).toEqual(['teacher', 'student', 'control']);
    expect(rows[1]?.share).toBeCloseTo(96_410 / 1_234_567, 12);
    expect(rows.map((row) => row.gain)).toEqual([null, 0.0125, null]);
    expect(resultRows({ ...report, teacher: null, control: null, gain: null })).toHaveLength(1);
    expect([gainWords(0.0125), gainWords(-0.003)]).toEqual(['+1.25 points', '−0.30 points']);
  });
});
