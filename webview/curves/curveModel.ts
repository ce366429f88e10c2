import type { MetricPoint } from '../../engine/contract/run';

/** One number of one stage over time. `values` holds null where the number was none (not a number, infinite). */
export interface Curve {
  stage: string;
  split: MetricPoint['split'];
  /** As shown: `loss`, `loss/kd`, `val_acc`. */
  metric: string;
  /** Steps done in the stage, rising. */
  steps: number[];
  epochs: number[];
  values: (number | null)[];
}

const prefixes = { train: '', validation: 'val_', test: 'test_' } as const;

/** The name under which a point's number is shown: numbers of other splits than train carry the split's name. */
export const metricName = (split: MetricPoint['split'], name: string): string =>
  name.startsWith(prefixes[split]) ? name : `${prefixes[split]}${name}`;

export const curveKey = (stage: string, metric: string): string => `${stage} ${metric}`;

/**
 * Adds points to the curves of a run, by {@link curveKey}. A resumed run does steps again: then the older points from
 * that step on are dropped, so that steps always rise.
 */
export const appendPoints = (curves: Map<string, Curve>, points: readonly MetricPoint[]): void => {
  for (const point of points)
    for (const [name, value] of Object.entries(point.values)) {
      const metric = metricName(point.split, name);
      const key = curveKey(point.stage, metric);
      const curve = curves.get(key) ?? emptyCurve(point, metric);
      curves.set(key, curve);
      addPoint(curve, point.step, point.epoch, value);
    }
};

const emptyCurve = ({ stage, split }: MetricPoint, metric: string): Curve => ({
  stage,
  split,
  metric,
  steps: [],
  epochs: [],
  values: [],
});

const addPoint = (curve: Curve, step: number, epoch: number, value: number): void => {
  let length = curve.steps.length;
  while (length > 0 && (curve.steps[length - 1] ?? 0) >= step) length -= 1;
  if (length < curve.steps.length) {
    curve.steps.length = length;
    curve.epochs.length = length;
    curve.values.length = length;
  }
  curve.steps.push(step);
  curve.epochs.push(epoch);
  curve.values.push(Number.isFinite(value) ? value : null);
};

/**
 * Exponential moving average with the start's bias taken out (Kingma & Ba 2015, section 3): `factor` 0 leaves the
 * values as they are, near 1 smooths most. Nulls stay null and do not count.
 */
export const smooth = (values: readonly (number | null)[], factor: number): (number | null)[] => {
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = factor * mean + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return mean / weight;
  });
};

export interface Span {
  min: number;
  max: number;
}

/**
 * Which points of a curve to draw in `pixels` columns between `span`: at most two for a column, the lowest and the
 * highest, in their order, so that no peak is lost; and one point beyond either end, so that lines reach the border.
 * `xs` rises. A column of nulls keeps one of them: a gap stays a gap.
 */
export const decimate = (
  xs: readonly number[],
  ys: readonly (number | null)[],
  span: Span,
  pixels: number,
): number[] => {
  const from = Math.max(0, lowerBound(xs, span.min) - 1);
  const to = Math.min(xs.length, lowerBound(xs, span.max, true) + 1);
  if (to - from <= 2 * pixels) return Array.from({ length: to - from }, (_, index) => from + index);
  const perPixel = (span.max - span.min) / pixels;
  const kept: number[] = [];
  let start = from;
  while (start < to) {
    const column = Math.floor(((xs[start] ?? 0) - span.min) / perPixel);
    let end = start + 1;
    while (end < to && Math.floor(((xs[end] ?? 0) - span.min) / perPixel) === column) end += 1;
    kept.push(...extremes(ys, start, end));
    start = end;
  }
  return kept;
};

/** Positions of the lowest and the highest value in [from, to), in their order. */
const extremes = (ys: readonly (number | null)[], from: number, to: number): number[] => {
  let low = -1;
  let high = -1;
  for (let index = from; index < to; index++) {
    const value = ys[index];
    if (value === null || value === undefined) continue;
    if (low < 0 || value < (ys[low] ?? 0)) low = index;
    if (high < 0 || value > (ys[high] ?? 0)) high = index;
  }
  if (low < 0) return [from];
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
};

/** The first position whose x is at least `x` (beyond it, where `after`). */
export const lowerBound = (xs: readonly number[], x: number, after = false): number => {
  let low = 0;
  let high = xs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = xs[middle] ?? 0;
    if (value < x || (after && value === x)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The last value that is a number. */
export const newest = (values: readonly (number | null)[]): number | null => {
  for (let index = values.length - 1; index >= 0; index--) {
    const value = values[index];
    if (value !== null && value !== undefined) return value;
  }
  return null;
};

/** Where a curve goes, over its last fifth: a hint for those who do not see it. */
export const trend = (values: readonly (number | null)[]): 'rising' | 'falling' | 'level' => {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  const before = known[Math.floor((known.length - 1) * 0.8)];
  if (last === undefined || before === undefined) return 'level';
  if (Math.abs(last - before) <= 0.01 * Math.max(Math.abs(last), Math.abs(before))) return 'level';
  return last > before ? 'rising' : 'falling';
};
