import * as tf from '@tensorflow/tfjs';
import { batchNorm, conv, linear } from '../adapters/modules';
import { constantWeights } from '../adapters/initial';
import type { Module } from '../methods/method';
import type { Random } from '../random';

/** What a generator makes: pictures [N, H, W, C] from −1 to 1, and the map of each of its blocks, the smallest first. */
export interface Generated {
  pictures: tf.Tensor4D;
  maps: readonly tf.Tensor4D[];
}

export interface Generator extends Pick<Module, 'variables'> {
  /** Running mean and variance of its normalisations. */
  statistics: ReadonlyMap<string, tf.Variable>;
  /** Channels of each block's map. */
  widths: readonly number[];
  /** @param noise [N, latent], standard normal. @param condition [N, K]: one-hot classes, values, or ones */
  apply(noise: tf.Tensor2D, condition: tf.Tensor2D, training: boolean): Generated;
}

/** Maps grow from a side of at most this. */
const smallSide = 7;
const mostWidths = 4;

/** How often a side is doubled from the smallest map to the picture. */
export const doublings = (height: number, width: number): number =>
  Math.max(1, Math.ceil(Math.log2(Math.max(height, width) / smallSide)));

/** Batch normalisation with a scale and an offset of its own for each condition: bn(x) · (1 + c·S) + c·O. */
const conditionalNorm = (channels: number, conditions: number, name: string) => {
  const norm = batchNorm(channels, name);
  const scales = constantWeights([conditions, channels], 0);
  const offsets = constantWeights([conditions, channels], 0);
  return {
    variables: new Map([
      ...norm.variables,
      [`${name}/scales`, scales] as const,
      [`${name}/offsets`, offsets] as const,
    ]),
    statistics: norm.statistics ?? new Map<string, tf.Variable>(),
    apply: (x: tf.Tensor, condition: tf.Tensor2D, training: boolean): tf.Tensor => {
      const spread = (weights: tf.Variable) =>
        condition.matMul(weights as tf.Tensor as tf.Tensor2D).reshape([-1, 1, 1, channels]);
      return norm.apply(x, training).mul(spread(scales).add(1)).add(spread(offsets));
    },
  };
};

interface Sizes {
  /** [height, width, channels] */
  shape: readonly [number, number, number];
  latent: number;
  conditions: number;
  /** Channels of the last block; the earlier ones have up to four times as many. */
  width: number;
}

/**
 * A small conditional generator: a linear layer of noise and condition to a map, then for each doubling a transposed 4x4
 * convolution of stride 2, conditional batch normalisation (de Vries et al. 2017; Miyato and Koyama 2018) and ReLU; a
 * 3x3 convolution and tanh make the picture, which is cut to its size.
 */
export const buildGenerator = (
  { shape: [height, width, channels], latent, conditions, width: last }: Sizes,
  random: Random,
): Generator => {
  const steps = doublings(height, width);
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / 2 ** steps)) as [number, number];
  const widths = Array.from(
    { length: steps },
    (_, index) => last * Math.min(mostWidths, 2 ** (steps - 1 - index)),
  );
  const first = last * Math.min(mostWidths, 2 ** steps);
  const seed = linear(latent + conditions, rows * columns * first, random, 'seed');
  const seedNorm = conditionalNorm(first, conditions, 'seed-norm');
  const blocks = widths.map((to, index) => ({
    grow: conv(widths[index - 1] ?? first, to, { size: 4, kind: 'double' }, random, `block${index}`),
    norm: conditionalNorm(to, conditions, `block${index}-norm`),
  }));
  const paint = conv(last, channels, { size: 3, kind: 'same' }, random, 'paint');
  const parts = [seed, seedNorm, ...blocks.flatMap(({ grow, norm }) => [grow, norm]), paint];
  return {
    variables: new Map(parts.flatMap((part) => [...part.variables])),
    statistics: new Map(
      [seedNorm, ...blocks.map(({ norm }) => norm)].flatMap((norm) => [...norm.statistics]),
    ),
    widths,
    apply: (noise, condition, training) => {
      const flat = seed.apply(tf.concat([noise, condition], 1), training);
      let x = seedNorm.apply(flat.reshape([-1, rows, columns, first]), condition, training).relu();
      const maps: tf.Tensor4D[] = [];
      for (const { grow, norm } of blocks) {
        x = norm.apply(grow.apply(x, training), condition, training).relu();
        maps.push(x as tf.Tensor4D);
      }
      const painted = paint.apply(x, training).tanh() as tf.Tensor4D;
      return { pictures: tf.slice(painted, [0, 0, 0, 0], [-1, height, width, channels]), maps };
    },
  };
};
