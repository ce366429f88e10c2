import * as tf from '@tensorflow/tfjs';
import { detach } from './gradient';
import { softenedDivergence } from './kd';
import { l2Normalize } from './normalize';

/** Similarities of two networks' embeddings of one batch, [N, N] each, already divided by τ. */
export interface Similarities {
  aa: tf.Tensor2D;
  bb: tf.Tensor2D;
  ab: tf.Tensor2D;
  ba: tf.Tensor2D;
}

/**
 * @param a unit rows [N, D]
 * @param b unit rows [N, D]
 * @param temperature τ
 */
export const similarities = (a: tf.Tensor2D, b: tf.Tensor2D, temperature: number): Similarities => {
  const product = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D =>
    x.matMul<tf.Tensor2D>(y, false, true).div(temperature);
  return { aa: product(a, a), bb: product(b, b), ab: product(a, b), ba: product(b, a) };
};

const weighedMean = (rows: tf.Tensor, weights?: tf.Tensor1D): tf.Scalar =>
  (weights ? rows.mul(weights) : rows).mean().asScalar();

/**
 * Supervised contrast of one matrix: (1/N) Σᵢ wᵢ · −(1/|Pᵢ|) Σ_{j∈Pᵢ} log( exp Sᵢⱼ / Σ_{k≠i} exp Sᵢₖ ), Pᵢ the other samples
 * of i's class. A sample that is alone in its class counts 0.
 */
const contrast = (matrix: tf.Tensor2D, labels: tf.Tensor1D, weights?: tf.Tensor1D): tf.Scalar => {
  const [count] = matrix.shape;
  const diagonal = tf.eye(count);
  const same = labels.expandDims(1).equal(labels.expandDims(0)).toFloat().mul(tf.sub(1, diagonal));
  const shares = tf.logSoftmax(matrix.sub(diagonal.mul(1e9)));
  const rows = same.mul(shares).sum(1).neg().div(same.sum(1).maximum(1));
  return weighedMean(rows, weights);
};

/** T² · (1/N) Σᵢ wᵢ · KL(σ_T(target) ‖ σ_T(matrix)), rows with their diagonal; the target is a constant. */
const mimic = (
  matrix: tf.Tensor2D,
  target: tf.Tensor2D,
  temperature: number,
  weights?: tf.Tensor1D,
): tf.Scalar =>
  weighedMean(softenedDivergence(matrix, detach(target), temperature), weights).mul(temperature ** 2);

export type MclTerms = Record<'vcl' | 'softVcl' | 'icl' | 'softIcl', tf.Scalar>;

/**
 * Mutual contrastive learning of two networks, each term unweighted: vanilla contrast within each network (S_aa, S_bb),
 * interactive contrast between them (S_ab, S_ba, the diagonal left out too), and for both a soft form in which the
 * distributions of one network are the other's targets.
 * Yang, An, Cai and Xu, Mutual Contrastive Learning for Visual Representation Learning (AAAI 2022).
 * @param labels [N], int32
 * @param temperature T of the soft forms
 * @param weights of each sample [N]; without it, 1
 */
export const mclLoss = (
  { aa, bb, ab, ba }: Similarities,
  labels: tf.Tensor1D,
  temperature: number,
  weights?: tf.Tensor1D,
): MclTerms => ({
  vcl: contrast(aa, labels, weights).add(contrast(bb, labels, weights)),
  softVcl: mimic(aa, bb, temperature, weights).add(mimic(bb, aa, temperature, weights)),
  icl: contrast(ab, labels, weights).add(contrast(ba, labels, weights)),
  softIcl: mimic(ab, ba, temperature, weights).add(mimic(ba, ab, temperature, weights)),
});

/**
 * How much each sample of a pair of features counts: σ(cos(fa, fb)), [N], of rows that were mapped alike.
 * Yang et al., Online Knowledge Distillation via Mutual Contrastive Learning for Visual Recognition (TPAMI 2023).
 * @param a [N, D]
 * @param b [N, D]
 */
export const agreement = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor1D =>
  l2Normalize(a).mul(l2Normalize(b)).sum<tf.Tensor1D>(-1).sigmoid();
