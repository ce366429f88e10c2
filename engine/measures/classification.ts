import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Outputs } from '../models/network';
import { tallyOf, type TaskMeasures } from './measures';

const correct = (logits: tf.Tensor, { labels }: Batch): tf.Scalar =>
  tf.equal(tf.argMax(logits, 1).toInt(), labels).toFloat().sum<tf.Scalar>();

/** Accuracy and cross-entropy (natural logarithm) of logits [batch, classes]. */
export const classification: TaskMeasures = {
  metric: 'acc',
  rising: true,
  live: ({ logits }, batch) => correct(logits, batch).div<tf.Scalar>(batch.labels.shape[0]),
  start: () => {
    let count = 0;
    const sums = ({ logits }: Outputs, batch: Batch): Record<string, tf.Scalar> => {
      count += batch.labels.shape[0];
      const classes = logits.shape[1] ?? 0;
      const chosen = tf
        .mul(tf.oneHot(batch.labels, classes), tf.logSoftmax(logits as tf.Tensor2D))
        .sum<tf.Scalar>();
      return { acc: correct(logits, batch), loss: tf.neg(chosen) };
    };
    return tallyOf(sums, (totals) =>
      Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / count])),
    );
  },
};
