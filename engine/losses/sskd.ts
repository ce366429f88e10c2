import * as tf from '@tensorflow/tfjs';
import { crossEntropy } from './crossEntropy';
import { softenedDivergence } from './kd';
import { l2Normalize } from './normalize';

/**
 * Cosines [3N, N] between transformed samples (rows) and untouched ones (columns).
 * @param embeddings [4N, D]: N untouched samples, then three transformed versions of the batch
 */
export const transformedSimilarities = (embeddings: tf.Tensor2D): tf.Tensor2D => {
  const unit = l2Normalize(embeddings) as tf.Tensor2D;
  const count = unit.shape[0] / 4;
  const untouched = tf.slice2d(unit, [0, 0], [count, -1]);
  return tf.matMul(tf.slice2d(unit, [count, 0], [3 * count, -1]), untouched, false, true);
};

/** Which column is each row's own sample: 0 .. N − 1, three times. */
const ownColumns = (count: number): tf.Tensor1D => tf.tile(tf.range(0, count, 1, 'int32'), [3]);

/**
 * What the teacher's head is trained by: the cross-entropy of finding each transformed sample's origin, the cosines taken
 * as logits.
 */
export const originLoss = (similarities: tf.Tensor2D): tf.Scalar =>
  crossEntropy(similarities, ownColumns(similarities.shape[1]));

/** How many columns the teacher likes better than a row's own sample: [3N]. */
export const ranksOf = (similarities: tf.Tensor2D): tf.Tensor1D => {
  const own = tf.oneHot(ownColumns(similarities.shape[1]), similarities.shape[1]).toFloat();
  const level = similarities.mul(own).sum(1, true);
  return similarities.greater(level).toFloat().sum(1);
};

/**
 * 1 for the rows that teach: those whose own sample ranks first, and of the others the best ⌊ratio · others⌋, the earlier
 * row where two rank alike; 0 for the rest. [3N]
 */
export const teachingRows = (ranks: tf.Tensor1D, ratio: number): tf.Tensor1D => {
  const [count] = ranks.shape;
  const wrong = ranks.greater(0).toFloat();
  const quota = wrong.sum().mul(ratio).add(1e-4).floor();
  const keys = ranks.mul(count).add(tf.range(0, count));
  const ahead = keys.expandDims(0).less(keys.expandDims(1)).toFloat().mul(wrong.expandDims(0)).sum(1);
  return tf.sub(1, wrong).add(wrong.mul(ahead.less(quota).toFloat()));
};

/**
 * T² · mean over the rows that teach of KL(σ_T(teacher) ‖ σ_T(student)), see {@link teachingRows}.
 * Xu, Liu, Li and Loy, Knowledge Distillation Meets Self-Supervision (ECCV 2020).
 * @param student cosines [3N, N]
 * @param teacher cosines [3N, N]
 * @param rows 1 for the rows that teach, else 0: [3N]
 */
export const structureLoss = (
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  temperature: number,
  rows: tf.Tensor1D,
): tf.Scalar => {
  const total = softenedDivergence(student, teacher, temperature).mul(rows).sum();
  return total
    .div(rows.sum().maximum(1))
    .mul(temperature ** 2)
    .asScalar();
};
