import type { Task } from './recipe';

/** How a metric is called and read. Names follow tfjs-layers and Keras; `val_` and `test_` may stand before them. */
export interface MetricInfo {
  /** As a heading, e.g. `Accuracy`. */
  title: string;
  /** Within a sentence, e.g. `accuracy`. */
  noun: string;
  /** Whether a larger value is better. */
  rising: boolean;
  /** `share`: 0 to 1, said as per cent; `value`: a number in the target's own units, or without any. */
  unit: 'share' | 'value';
}

const share = (title: string, noun = title.toLowerCase()): MetricInfo => ({
  title,
  noun,
  rising: true,
  unit: 'share',
});
const value = (title: string, noun: string, rising: boolean): MetricInfo => ({
  title,
  noun,
  rising,
  unit: 'value',
});

const metrics: Readonly<Record<string, MetricInfo>> = {
  acc: share('Accuracy'),
  mae: value('Mean absolute error', 'mean absolute error', false),
  rmse: value('Root mean square error', 'root mean square error', false),
  r2: value('R²', 'R²', true),
  miou: share('Mean IoU', 'mean IoU'),
  pixel_acc: share('Pixel accuracy'),
  ap50: share('AP at 0.5', 'AP at 0.5'),
  probe_acc: share('Linear probe', 'linear-probe accuracy'),
  knn_acc: share('Nearest neighbours', 'nearest-neighbour accuracy'),
  loss: value('Loss', 'loss', false),
};

/** Null for a number that no task measures, e.g. a loss term. */
export const metricInfo = (name: string): MetricInfo | null =>
  metrics[name.replace(/^(val|test)_/, '')] ?? null;

/** Metrics that the validation charts show. */
export const isMetric = (name: string): boolean => name !== 'loss' && metricInfo(name) !== null;

/** The metric that chooses the best epoch and that reports and tables show. */
export const mainMetric: Readonly<Record<Task, string>> = {
  classification: 'acc',
  regression: 'mae',
  segmentation: 'miou',
  detection: 'ap50',
  features: 'probe_acc',
};
