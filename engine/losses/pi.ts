import * as tf from '@tensorflow/tfjs';
import { softenedDivergence } from './kd';

/**
 * How the divergences of all positions become one number; weights that are published for one do not fit another.
 * `pixel-mean`: summed over classes, the mean over batch and positions (CIRKD). `element-mean`: the mean over classes
 * too, K times smaller (IFVD, TorchDistiller). `soft-ce-sum`: the cross-entropy with the teacher's probabilities, the
 * mean over positions and the sum over the batch, N times larger, with the teacher's entropy in it (SKD).
 */
export const piReductions = ['pixel-mean', 'element-mean', 'soft-ce-sum'] as const;
export type PiReduction = (typeof piReductions)[number];

/** −Σ σ_T(zt) · log σ_T(zs) along the last axis, which is dropped. */
const softCrossEntropy = (student: tf.Tensor, teacher: tf.Tensor, temperature: number): tf.Tensor =>
  tf
    .softmax(teacher.div(temperature))
    .mul(tf.logSoftmax(student.div(temperature)))
    .sum(-1)
    .neg();

/**
 * Pixel-wise soft targets: T² · KL(σ_T(zt) ‖ σ_T(zs)) at every position, reduced as `reduction` says.
 * Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019), section 3.1.
 * @param student logits [N, H, W, K], or [N, K], which counts as one position
 * @param teacher the same shape
 */
export const piLoss = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  reduction: PiReduction,
  temperature: number,
): tf.Scalar => {
  const [batch] = student.shape as [number];
  const classes = student.shape.at(-1) as number;
  const squared = temperature * temperature;
  if (reduction === 'soft-ce-sum')
    return softCrossEntropy(student, teacher, temperature)
      .mean()
      .mul(batch * squared)
      .asScalar();
  const mean = softenedDivergence(student, teacher, temperature).mean();
  return mean.mul(reduction === 'element-mean' ? squared / classes : squared).asScalar();
};

/**
 * The weight that gives the same gradient with `to` as `weight` gives with `from`: w(pixel-mean) = w(element-mean) / K =
 * w(soft-ce-sum) · N.
 * @param sizes classes K and batch size N
 */
export const convertPiWeight = (
  weight: number,
  from: PiReduction,
  to: PiReduction,
  sizes: { classes: number; batch: number },
): number => {
  const asPixelMean = { 'pixel-mean': 1, 'element-mean': 1 / sizes.classes, 'soft-ce-sum': sizes.batch };
  return (weight * asPixelMean[from]) / asPixelMean[to];
};
