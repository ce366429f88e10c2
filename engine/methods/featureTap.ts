import type * as tf from '@tensorflow/tfjs';
import { isMap, isVector } from '../adapters/build';
import { penultimateTap } from '../adapters/stages';
import { requireTap } from '../adapters/resolvePairs';
import { Failed } from '../contract/failure';
import type { ModelInfo } from '../contract/model';
import type { Setup } from './method';

/** A tap read as one vector per sample. */
export interface FeatureTap {
  name: string;
  /** Length of the vector: the channels of a map, which is averaged over its positions. */
  size: number;
}

/**
 * The named tap, or without a name the features before the classifier.
 * Throws `Failed` (pairMismatch) where the model has no such tap.
 */
export const featureTap = (
  info: ModelInfo,
  named: string | undefined,
  role: 'teacher' | 'student',
): FeatureTap => {
  const name = named ?? penultimateTap(info)?.name;
  if (name === undefined) {
    throw new Failed(
      'pairMismatch',
      `The ${role} "${info.name}" has no layer before its classifier whose output can be read.`,
      `Name a layer in the loss; list them with: retort profile ${info.reference}`,
    );
  }
  const shape = requireTap(info, name, role);
  if (!isMap(shape) && !isVector(shape)) {
    throw new Failed(
      'pairMismatch',
      `The ${role} layer "${name}" (${shape.join('x')}) is neither a feature map nor a vector.`,
      'Name a layer whose output is height x width x channels, or one row of features.',
    );
  }
  return { name, size: shape[shape.length - 1] as number };
};

/**
 * The features of a network where no layer is named: in feature learning what it puts out, but for a teacher that puts
 * out classes; else those before its classifier.
 */
export const defaultFeatures = (
  { task, classes }: Pick<Setup, 'task' | 'classes'>,
  { outputShape }: ModelInfo,
): string | undefined => (task === 'features' && outputShape.at(-1) !== classes ? 'logits' : undefined);

/** [N, H, W, C] averaged over its positions, or [N, C] as it is. */
export const asVectors = (features: tf.Tensor): tf.Tensor2D =>
  (features.rank === 4 ? features.mean([1, 2]) : features) as tf.Tensor2D;
