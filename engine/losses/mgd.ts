import * as tf from '@tensorflow/tfjs';
import { withoutTape } from '../models/tape';

/** Below this probability of a negative value the margin no longer follows the formula. */
const rare = 0.001;

/** Of a polynomial in 1 / (1 + z / 2), highest power first. */
const tailTerms = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
  1.00002368, -1.26551223,
];

/** Φ(x) by a Chebyshev fit of the complementary error function (Press et al., Numerical Recipes), good to 1.2e-7 of it. */
const normalDistribution = (x: number): number => {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const tail = t * Math.exp(tailTerms.reduce((sum, term) => sum * t + term, 0) - z * z);
  return x < 0 ? tail / 2 : 1 - tail / 2;
};

/**
 * What a channel's negative values come to on average, where batch normalisation makes it N(β, γ²):
 * E[x | x < 0] = β − |γ| φ(β / |γ|) / Φ(−β / |γ|), or −3 |γ| where negative values are rarer than 0.001.
 * @param scales γ
 * @param offsets β
 */
export const normalMargins = (scales: ArrayLike<number>, offsets: ArrayLike<number>): Float32Array =>
  Float32Array.from({ length: scales.length }, (_, channel) => {
    const scale = Math.max(Math.abs(scales[channel] as number), 1e-12);
    const offset = offsets[channel] as number;
    const ratio = offset / scale;
    const negative = normalDistribution(-ratio);
    const density = Math.exp(-(ratio ** 2) / 2) / Math.sqrt(2 * Math.PI);
    return negative < rare ? -3 * scale : offset - (scale * density) / negative;
  });

const unitMaps = (features: tf.Tensor4D): tf.Tensor3D => {
  const [batch, height, width, channels] = features.shape;
  const maps = features.reshape<tf.Tensor3D>([batch, height * width, channels]);
  return maps.mul(maps.square().sum(1, true).maximum(1e-24).rsqrt());
};

/**
 * What giving teacher channel j to student channel i costs: 2 − 2 · cos of the two channels' maps, averaged over images.
 * @param student [N, H, W, Cs]
 * @param teacher [N, H, W, Ct]
 * @returns [Cs, Ct]
 */
export const matchingCost = (student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Tensor2D =>
  unitMaps(student).matMul(unitMaps(teacher), true, false).mean<tf.Tensor2D>(0).mul<tf.Tensor2D>(-2).add(2);

/** How a group of teacher channels becomes one: the value farthest from zero, the largest, or one drawn at random. */
export type ChannelReduction = 'absolute' | 'maximum' | 'random';

/** What `random` draws: one-hot over the group. */
export interface ChannelChoice {
  /** [R, C, N · H · W] */
  values: tf.Tensor3D;
  /** [R, C] */
  margins: tf.Tensor2D;
}

const farthest = (values: tf.Tensor, axis: number): tf.Tensor => {
  const [highest, lowest] = [values.max(axis), values.min(axis)];
  return tf.where(highest.greaterEqual(lowest.neg()), highest, lowest);
};

/** Teacher channels, reduced to the student's. */
export interface ReducedTeacher {
  /** [N, H, W, C] */
  values: tf.Tensor4D;
  /** [C] */
  margins: tf.Tensor1D;
}

/**
 * Groups of matched teacher channels as one channel each. The margin of a group is its mean, its largest for `maximum`,
 * one of it for `random`.
 * @param teacher [N, H, W, Ct]
 * @param margins [Ct]
 * @param groups [R, C], int32: the R teacher channels of each of the student's C
 */
export const reduceTeacher = (
  teacher: tf.Tensor4D,
  margins: tf.Tensor1D,
  groups: tf.Tensor2D,
  reduction: ChannelReduction,
  choice?: ChannelChoice,
): ReducedTeacher => {
  const [parts, channels] = groups.shape;
  const [batch, height, width, all] = teacher.shape;
  const order = groups.reshape([-1, 1]);
  const byChannel = teacher.reshape([-1, all]).transpose();
  const values = tf.gatherND(byChannel, order).reshape([parts, channels, -1]);
  const bounds = tf.gatherND(margins, order).reshape([parts, channels]);
  const asMap = (of: tf.Tensor): tf.Tensor4D => of.transpose().reshape([batch, height, width, channels]);
  if (reduction === 'random' && choice)
    return { values: asMap(values.mul(choice.values).sum(0)), margins: bounds.mul(choice.margins).sum(0) };
  return reduction === 'maximum'
    ? { values: asMap(values.max(0)), margins: bounds.max(0) }
    : { values: asMap(farthest(values, 0)), margins: bounds.mean(0) };
};

/**
 * Σ (s − t')² with t' = max(t, margin), over the elements where s > t' or t' > 0: a student that is inactive where the
 * teacher is need not be equally so. Summed over everything; the method divides by the batch and 10⁴.
 * Yue, Deng and Zhou, Matching Guided Distillation (ECCV 2020), its loss after Heo et al. (ICCV 2019).
 * @param student [N, H, W, C], before any ReLU
 * @param teacher [N, H, W, C]
 * @param margins [C]
 */
export const partialDistance = (student: tf.Tensor4D, { values, margins }: ReducedTeacher): tf.Scalar => {
  const target = values.maximum(margins);
  const counted = withoutTape(() => student.greater(target).logicalOr(target.greater(0)).toFloat());
  return student.squaredDifference(target).mul(counted).sum().asScalar();
};
