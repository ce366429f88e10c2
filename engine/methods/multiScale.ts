import * as tf from '@tensorflow/tfjs';
import { batchNorm, conv, linear, relu, sequence } from '../adapters/modules';
import type { Random } from '../random';
import { asVectors } from './featureTap';
import type { Module } from './method';

type Parts = Pick<Module, 'variables' | 'statistics'>;

const partsOf = (modules: readonly Parts[]): Required<Parts> => ({
  variables: new Map(modules.flatMap(({ variables }) => [...variables])),
  statistics: new Map(modules.flatMap(({ statistics }) => [...(statistics ?? [])])),
});

/**
 * Several receptive fields in one map: the channels in `groups` equal parts, the first as it is, each other one convolved
 * 3x3 (batch normalisation, ReLU) after the result of the part before was added; then side by side again.
 */
const hierarchy = (channels: number, groups: number, random: Random, name: string): Module => {
  const width = channels / groups;
  const blocks = Array.from({ length: groups - 1 }, (_, index) => {
    const part = `${name}/scale${index + 1}`;
    return sequence(
      conv(width, width, { size: 3, kind: 'same' }, random, part),
      batchNorm(width, part),
      relu,
    );
  });
  return {
    ...partsOf(blocks),
    apply: (x, training) => {
      const [first, ...rest] = tf.split(x, groups, 3) as [tf.Tensor, ...tf.Tensor[]];
      const made: tf.Tensor[] = [first];
      rest.forEach((part, index) => {
        const before = index === 0 ? part : part.add(made[index] as tf.Tensor);
        made.push((blocks[index] as Module).apply(before, training));
      });
      return tf.concat(made, 3);
    },
  };
};

/** Multiplies every channel by a gate in [0, 1], made of all channels' means (squeeze and excitation, reduction 4). */
const channelAttention = (channels: number, random: Random, name: string): Module => {
  const narrow = Math.max(1, Math.floor(channels / 4));
  const gate = sequence(
    linear(channels, narrow, random, `${name}/squeeze`),
    relu,
    linear(narrow, channels, random, `${name}/excite`),
  );
  return {
    ...partsOf([gate]),
    apply: (x, training) => x.mul(gate.apply(asVectors(x), training).sigmoid().reshape([-1, 1, 1, channels])),
  };
};

/** Multiplies every position by a gate in [0, 1], a 7x7 convolution of the mean and the maximum over channels. */
const spatialAttention = (random: Random, name: string): Module => {
  const gate = conv(2, 1, { size: 7, kind: 'same' }, random, `${name}/spatial`);
  return {
    ...partsOf([gate]),
    apply: (x, training) =>
      x.mul(gate.apply(tf.concat([x.mean(3, true), x.max(3, true)], 3), training).sigmoid()),
  };
};

/** Channels that a map of `channels` is brought to, so that they split into `groups` equal parts. */
export const scaledWidth = (channels: number, groups: number): number =>
  groups * Math.ceil(channels / groups);

/** [N, H, W, channels] to [N, H, W, scaledWidth]: a 1x1 convolution, the hierarchy of scales, both attentions. */
export const multiScale = (channels: number, groups: number, random: Random, name: string): Module => {
  const width = scaledWidth(channels, groups);
  return sequence(
    conv(channels, width, { size: 1, kind: 'same' }, random, `${name}/embed`),
    batchNorm(width, `${name}/embed`),
    relu,
    hierarchy(width, groups, random, name),
    channelAttention(width, random, name),
    spatialAttention(random, name),
  );
};
