import type { MetricPoint } from './run';

/**
 * The points of a `metrics.jsonl`. A line that is no whole point is left out: the last one may be half written, and
 * a killed run may have left one torn. A value written as null was not a number.
 */
export const parseMetrics = (text: string): MetricPoint[] =>
  text.split('\n').flatMap((line) => {
    const point = parsePoint(line);
    return point ? [point] : [];
  });

const parsePoint = (line: string): MetricPoint | null => {
  if (!line.trim()) return null;
  try {
    const point = JSON.parse(line) as Partial<MetricPoint> | null;
    if (typeof point?.stage !== 'string' || typeof point.step !== 'number') return null;
    if (typeof point.epoch !== 'number' || !isSplit(point.split)) return null;
    if (typeof point.values !== 'object' || point.values === null) return null;
    const values = Object.entries(point.values).map(([name, value]) => [name, toNumber(value)]);
    return { ...(point as MetricPoint), values: Object.fromEntries(values) as Record<string, number> };
  } catch {
    return null;
  }
};

const isSplit = (split: unknown): split is MetricPoint['split'] =>
  split === 'train' || split === 'validation' || split === 'test';

const toNumber = (value: unknown): number => (typeof value === 'number' ? value : NaN);

/**
 * The points as CSV (RFC 4180 quoting): stage, split, epoch, step, then one column for each name in order of first
 * appearance. A cell is empty where a point has no such value, and NaN where the value was not a number.
 */
export const metricsCsv = (points: readonly MetricPoint[]): string => {
  const names = [...new Set(points.flatMap((point) => Object.keys(point.values)))];
  const rows = points.map((point) => [
    point.stage,
    point.split,
    String(point.epoch),
    String(point.step),
    ...names.map((name) => String(point.values[name] ?? '')),
  ]);
  return [['stage', 'split', 'epoch', 'step', ...names], ...rows]
    .map((row) => `${row.map(csvCell).join(',')}\n`)
    .join('');
};

const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
