import type * as tf from '@tensorflow/tfjs';
import { batchNorm, conv, linear, relu, sequence } from '../adapters/modules';
import type { Random } from '../random';
import { asVectors } from './featureTap';
import type { Module } from './method';

type MapShape = readonly [number, number, number];

/** A train-only classifier on a map within a network. */
export interface Branch extends Pick<Module, 'variables' | 'statistics'> {
  /** [N, H, W, C] to about the size and to the channels of the network's last map. */
  features(map: tf.Tensor, training: boolean): tf.Tensor4D;
  /** Features, averaged over positions, to [N, classes]. */
  logits(features: tf.Tensor): tf.Tensor2D;
}

/** Channels after each convolution: doubled every time, up to those of the last map, which the last has. */
const widths = ([height, , channels]: MapShape, [toHeight, , toChannels]: MapShape): number[] => {
  const halvings = Math.max(1, Math.ceil(Math.log2(height / toHeight)));
  return Array.from({ length: halvings }, (_, index) =>
    index === halvings - 1 ? toChannels : Math.min(channels * 2 ** (index + 1), toChannels),
  );
};

/**
 * One 3x3 convolution, batch normalisation and ReLU for each halving that is left until the network's last map, at least
 * one; then global average pooling and a linear classifier. The published branches copy the network's remaining stages,
 * which cannot be cut out of an arbitrary network.
 * @param shape the map's, without the batch dimension
 * @param last the shape of the network's last map
 */
export const auxiliaryBranch = (
  shape: MapShape,
  last: MapShape,
  classes: number,
  random: Random,
  name: string,
): Branch => {
  const steps = widths(shape, last);
  const kind = shape[0] > last[0] ? 'half' : 'same';
  const embed = sequence(
    ...steps.flatMap((width, index) => {
      const [from, part] = [steps[index - 1] ?? shape[2], `${name}/${index}`];
      return [conv(from, width, { size: 3, kind }, random, part), batchNorm(width, part), relu];
    }),
  );
  const classifier = linear(steps.at(-1) ?? shape[2], classes, random, `${name}/classes`);
  return {
    variables: new Map([...embed.variables, ...classifier.variables]),
    statistics: embed.statistics ?? new Map(),
    features: (map, training) => embed.apply(map, training) as tf.Tensor4D,
    logits: (features) => classifier.apply(asVectors(features), true) as tf.Tensor2D,
  };
};
