import { formatBytes, formatCount } from '../shared/format';
import type { LayerCost } from './layerRows';

/** What a layer may cost. */
export const metrics = ['macs', 'latency', 'parameters', 'activation'] as const;
export type Metric = (typeof metrics)[number];
export const isMetric = (value: unknown): value is Metric => metrics.includes(value as Metric);

export const metricWords: Record<Metric, { title: string; heading: string; explained: string }> = {
  macs: { title: 'MACs', heading: 'MACs', explained: 'Multiply-accumulates for one sample' },
  latency: { title: 'Latency', heading: 'Latency', explained: 'Measured time of the layer for one sample' },
  parameters: { title: 'Parameters', heading: 'Params', explained: 'Trained and untrained weights' },
  activation: { title: 'Activation', heading: 'Activation', explained: 'Size of the output as float32' },
};

/** Milliseconds as they compare down a column: 0.012 ms, 1.23 ms, 45.6 ms, 2.10 s. */
export const formatMilliseconds = (milliseconds: number): string => {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  if (milliseconds === 0) return '0';
  const digits = milliseconds >= 100 ? 0 : milliseconds >= 10 ? 1 : milliseconds >= 1 ? 2 : 3;
  return `${milliseconds.toFixed(digits)} ms`;
};

/** A sum of layers in one metric; null where not all of them are known. */
export const costOf = (layers: readonly LayerCost[], metric: Metric): number | null => {
  let sum = 0;
  for (const layer of layers) {
    const value = layer[metric];
    if (value === null) return null;
    sum += value;
  }
  return sum;
};

/** The sum of what is known. */
export const knownCost = (layers: readonly LayerCost[], metric: Metric): number =>
  layers.reduce((sum, layer) => sum + (layer[metric] ?? 0), 0);

export const formatCost = (value: number | null, metric: Metric): string => {
  if (value === null) return '–';
  if (metric === 'latency') return formatMilliseconds(value);
  if (value === 0) return '0';
  return metric === 'activation' ? formatBytes(value) : formatCount(value);
};

/** “29.1×”; how many times the student's cost goes into the teacher's. */
export const formatRatio = (share: number | null | undefined): string => {
  if (share === null || share === undefined || !(share > 0)) return '–';
  const times = 1 / share;
  return `${times >= 100 ? times.toFixed(0) : times >= 10 ? times.toFixed(1) : times.toFixed(2)}×`;
};
