import * as tf from '@tensorflow/tfjs';
import { evaluationBatches } from '../data/batches';
import type { Split } from '../data/dataset';
import type { Network } from '../models/network';
import type { TaskMeasures } from './task';

const batchSize = 256;

/** Mean of each metric over a split, in inference mode. Lets the event loop run between batches. */
export const evaluate = async (
  network: Network,
  split: Split,
  measures: TaskMeasures,
): Promise<Record<string, number>> => {
  const totals: Record<string, number> = {};
  for (const batch of evaluationBatches(split, batchSize)) {
    const sums = tf.tidy(() => {
      const { logits } = network.forward(batch.images, { taps: [], training: false });
      return measures.sums(logits, batch);
    });
    for (const [name, sum] of Object.entries(sums))
      totals[name] = (totals[name] ?? 0) + (sum.dataSync()[0] ?? 0);
    tf.dispose([sums, batch.images, batch.labels, batch.indices]);
    await new Promise((resume) => setImmediate(resume));
  }
  return Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / split.count]));
};
