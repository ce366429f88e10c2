import * as tf from '@tensorflow/tfjs';
import { evaluationBatches } from '../data/batches';
import { batchTensors, type Dataset, type Split } from '../data/dataset';
import { measuredAtOnce, type TaskMeasures } from '../measures/measures';
import type { Network } from '../models/network';

/** Every metric of a network over a split, in inference mode. Lets the event loop run between batches. */
export const evaluate = async (
  network: Network,
  split: Split,
  measures: TaskMeasures,
  dataset: Dataset,
): Promise<Record<string, number>> => {
  if (split.count === 0) return {};
  const tally = await measures.start(network, dataset);
  for (const batch of evaluationBatches(split, measuredAtOnce(split))) {
    tf.tidy(() => tally.add(network.forward(batch.images, { taps: [], training: false }), batch));
    tf.dispose(batchTensors(batch));
    await new Promise((resume) => setImmediate(resume));
  }
  return tally.finish();
};
