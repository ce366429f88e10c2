import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { makeBatch } from '../data/batches';
import { batchTensors } from '../data/dataset';
import { Random } from '../random';
import type { ProbedRun } from './probedRun';

/** Works on one sample as raw values [1, ...shape]; `dataInvalid` where the split has no such sample. */
export const withSample = async <T>(
  { samples }: ProbedRun,
  index: number,
  work: (raw: tf.Tensor) => T | Promise<T>,
): Promise<T> => {
  if (!Number.isInteger(index) || index < 0 || index >= samples.count) {
    throw new Failed(
      'dataInvalid',
      `There is no sample ${index}: the split has ${samples.count}.`,
      `Choose a number from 0 to ${samples.count - 1}.`,
    );
  }
  const batch = makeBatch(samples, Int32Array.of(index), null, new Random('probe'));
  try {
    return await work(batch.images);
  } finally {
    tf.dispose(batchTensors(batch));
  }
};
