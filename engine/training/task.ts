import * as tf from '@tensorflow/tfjs';
import type { Task } from '../contract/recipe';
import type { Batch } from '../data/dataset';

/** What a task measures. The first metric is the one that chooses the best epoch. */
export interface TaskMeasures {
  metric: string;
  /** Whether a larger value is better. */
  rising: boolean;
  /** Sums over a batch, so that batches of any size can be added up; scalars by metric name. */
  sums(logits: tf.Tensor, batch: Batch): Record<string, tf.Scalar>;
}

/** Accuracy and cross-entropy (natural logarithm), summed over the batch. */
const classification: TaskMeasures = {
  metric: 'acc',
  rising: true,
  sums: (logits, batch) => {
    const classes = logits.shape[1] ?? 0;
    const correct = tf.equal(tf.argMax(logits, 1).toInt(), batch.labels).toFloat().sum<tf.Scalar>();
    const chosen = tf
      .mul(tf.oneHot(batch.labels, classes), tf.logSoftmax(logits as tf.Tensor2D))
      .sum<tf.Scalar>();
    return { acc: correct, loss: tf.neg(chosen) };
  },
};

export const taskMeasures: Record<Task, TaskMeasures> = { classification };
