import { isMetric, mainMetric } from '../contract/measures';
import type { MetricPoint } from '../contract/run';

/** One line of a chart: `x` in epochs, `y` the value; NaN breaks the line. */
export interface Curve {
  stage: string;
  points: CurvePoint[];
}

export interface CurvePoint {
  x: number;
  y: number;
}

export interface CurveSet {
  /** As in metrics.jsonl, without `val_`. */
  name: string;
  split: MetricPoint['split'];
  curves: Curve[];
}

/** What validation measured, then every loss term of the training split: one set for each name, one curve for each stage. */
export const curveSets = (points: readonly MetricPoint[]): CurveSet[] => {
  const stepsPerEpoch = stageLengths(points);
  const sets = new Map<string, CurveSet>();
  for (const point of points) {
    const x = point.step / (stepsPerEpoch.get(point.stage) ?? 1);
    for (const [key, y] of Object.entries(point.values)) {
      const split = key.startsWith('val_') ? 'validation' : point.split;
      const name = key.replace(/^val_/, '');
      if (!isShown(split, name)) continue;
      const set = sets.get(name) ?? { name, split, curves: [] };
      sets.set(name, set);
      curveOf(set, point.stage).points.push({ x, y });
    }
  }
  return [...sets.values()].sort((a, b) => rank(a) - rank(b));
};

const isShown = (split: MetricPoint['split'], name: string): boolean =>
  split === 'validation'
    ? isMetric(name)
    : split === 'train' && (name === 'loss' || name.startsWith('loss/'));

const mainMetrics = new Set(Object.values(mainMetric));

/** The metric that chooses the best epoch comes first of its task's. */
const rank = ({ name }: CurveSet): number =>
  mainMetrics.has(name) ? 0 : isMetric(name) ? 0.5 : name === 'loss' ? 1 : 2;

const curveOf = (set: CurveSet, stage: string): Curve => {
  const known = set.curves.find((curve) => curve.stage === stage);
  if (known) return known;
  const curve = { stage, points: [] };
  set.curves.push(curve);
  return curve;
};

/** Steps an epoch of each stage: a validation point stands at the end of its epoch. */
const stageLengths = (points: readonly MetricPoint[]): Map<string, number> => {
  const lengths = new Map<string, number>();
  for (const point of points) {
    const exact = point.split === 'validation' && point.epoch > 0;
    if (exact && point.step > 0) lengths.set(point.stage, point.step / point.epoch);
    else if (!lengths.has(point.stage)) lengths.set(point.stage, point.step / Math.max(1, point.epoch) || 1);
  }
  return lengths;
};

/** At most `most` points, each the mean of its neighbours; what is not a number stays so. */
export const thin = (points: readonly CurvePoint[], most: number): CurvePoint[] => {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, bucket) => {
    const from = Math.floor((bucket * points.length) / most);
    const until = Math.floor(((bucket + 1) * points.length) / most);
    const part = points.slice(from, until);
    const mean = (number: (point: CurvePoint) => number): number =>
      part.reduce((sum, point) => sum + number(point), 0) / part.length;
    return { x: mean((point) => point.x), y: mean((point) => point.y) };
  });
};
