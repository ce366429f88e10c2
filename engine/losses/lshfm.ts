import type * as tf from '@tensorflow/tfjs';
import { fitnetsLoss } from './fitnets';

/** Random hyperplanes that cut feature space into cells: kept fixed. */
export interface Hash {
  /** [D, L] */
  planes: tf.Tensor2D;
  /** [L] */
  offsets: tf.Tensor1D;
}

const hashed = (features: tf.Tensor2D, { planes, offsets }: Hash): tf.Tensor =>
  features.matMul(planes).add(offsets);

/** max(z, 0) − z·t + log(1 + e^{−|z|}): cross-entropy of sigmoid(z) with t, finite for any z. */
const sigmoidCrossEntropy = (logits: tf.Tensor, targets: tf.Tensor): tf.Tensor =>
  logits.relu().sub(logits.mul(targets)).add(logits.abs().neg().exp().log1p());

/**
 * On which side of each plane the student's features lie, against the teacher's: the mean over batch and planes of
 * BCE(W·fs + b, [W·ft + b > 0]).
 */
export const hashLoss = (student: tf.Tensor2D, teacher: tf.Tensor2D, hash: Hash): tf.Scalar => {
  const sides = hashed(teacher, hash).greater(0).toFloat();
  return sigmoidCrossEntropy(hashed(student, hash), sides).mean().asScalar();
};

/**
 * Feature mimicking: mean (fs − ft)² plus {@link hashLoss}, which asks for the direction and leaves the length free.
 * Wang, Ge and Wu, Distilling Knowledge by Mimicking Features (TPAMI 2021).
 * @param student [N, D], after the linear embedding
 * @param teacher [N, D]
 */
export const lshfmLoss = (student: tf.Tensor2D, teacher: tf.Tensor2D, hash: Hash): tf.Scalar =>
  fitnetsLoss(student, teacher).add(hashLoss(student, teacher, hash));
