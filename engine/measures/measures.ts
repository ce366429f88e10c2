import type * as tf from '@tensorflow/tfjs';
import type { Batch, Dataset, Split } from '../data/dataset';
import type { Network, Outputs } from '../models/network';

/** What a task measures. */
export interface TaskMeasures {
  /** The metric that chooses the best epoch (engine/contract/measures.ts says what it is). */
  metric: string;
  /** Whether a larger value is better. */
  rising: boolean;
  /** That metric on a training batch, where it can be had within a step: pure. */
  live?(outputs: Outputs, batch: Batch): tf.Scalar;
  /** Begins to measure a network on a split of the dataset. */
  start(network: Network, dataset: Dataset): Tally | Promise<Tally>;
}

/** Counts batch after batch. */
export interface Tally {
  add(outputs: Outputs, batch: Batch): void;
  /** The metrics by name; NaN where nothing was counted. */
  finish(): Record<string, number>;
}

/** Adds up what `sums` gives for each batch, and ends with `finish` of the totals. */
export const tallyOf = (
  sums: (outputs: Outputs, batch: Batch) => Record<string, tf.Scalar>,
  finish: (totals: Readonly<Record<string, number>>) => Record<string, number>,
): Tally => {
  const totals: Record<string, number> = {};
  return {
    add: (outputs, batch) => {
      for (const [name, sum] of Object.entries(sums(outputs, batch)))
        totals[name] = (totals[name] ?? 0) + (sum.dataSync()[0] ?? 0);
    },
    finish: () => finish(totals),
  };
};

const mostSamples = 256;
/** Pictures up to this size are measured 256 at a time; of larger ones so many fewer that maps need no more memory. */
const largestArea = 64 * 64;

/** How many samples are measured at once. */
export const measuredAtOnce = ({ shape }: Pick<Split, 'shape'>): number => {
  const [height = 1, width = 1] = shape.length === 3 ? shape : [];
  return Math.max(1, Math.floor(mostSamples * Math.min(1, largestArea / (height * width))));
};
