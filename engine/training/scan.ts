import * as tf from '@tensorflow/tfjs';
import { makeBatch } from '../data/batches';
import type { Batch, Split } from '../data/dataset';
import { Random } from '../random';

/** `count` positions evenly spread over 0 .. total − 1, in order; all of them where there are fewer. */
const spread = (total: number, count: number): Int32Array => {
  const length = Math.min(total, count);
  return Int32Array.from({ length }, (_, index) => Math.floor((index * total) / length));
};

/**
 * Visits `count` samples spread evenly over a split, in order, as batches without augmentation; the last may be
 * smaller. What `visit` makes is disposed of after it, but for what it keeps with `tf.keep`.
 */
export const scanSplit = async (
  split: Split,
  batchSize: number,
  count: number,
  visit: (batch: Batch) => void,
): Promise<void> => {
  const positions = spread(split.count, count);
  for (let begin = 0; begin < positions.length; begin += batchSize) {
    const part = positions.slice(begin, begin + batchSize);
    tf.tidy(() => visit(makeBatch(split, part, null, new Random('scan'))));
    await tf.nextFrame();
  }
};
