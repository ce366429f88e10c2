import * as tf from '@tensorflow/tfjs';
import { constantWeights, heKernel, uniformWeights } from '../adapters/initial';
import { spectralWeights, type SpectralWeights } from '../adapters/spectralNorm';
import type { Random } from '../random';
import { doublings } from './generator';

/** Tells pictures of the data from generated ones. */
export interface Discriminator {
  variables: ReadonlyMap<string, tf.Variable>;
  /** Directions of its spectral norms. */
  memory: ReadonlyMap<string, tf.Variable>;
  /** One value a sample [N], high for pictures of the data. @param condition [N, K], as the generator's */
  judge(pictures: tf.Tensor4D, condition: tf.Tensor2D): tf.Tensor1D;
  /** Brings the spectral norms up to date: once a step. */
  refine(): void;
}

const slope = 0.1;

interface Layer {
  name: string;
  spectral: SpectralWeights;
  bias: tf.Variable;
}

/** 4x4 with stride 2, zeros on every side. */
const halve = (x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D =>
  tf.conv2d(tf.pad4d(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), kernel, 2, 'valid'); // prettier-ignore

const widthsOf = (shape: readonly number[], first: number): number[] => {
  const [height = 1, width = 1] = shape;
  return Array.from({ length: doublings(height, width) }, (_, index) => first * Math.min(4, 2 ** index));
};

/**
 * A projection discriminator (Miyato and Koyama, cGANs with Projection Discriminator, ICLR 2018): spectrally normalised
 * 4x4 convolutions of stride 2 with leaky ReLU, the sum over positions h, and w·h + (c·E)·h.
 * @param shape of a picture, [height, width, channels]
 */
export const buildDiscriminator = (
  shape: readonly [number, number, number],
  conditions: number,
  width: number,
  random: Random,
): Discriminator => {
  const sizes = [shape[2], ...widthsOf(shape, width)];
  const features = sizes.at(-1) as number;
  const layer = (name: string, weights: tf.Variable): Layer => ({
    name,
    spectral: spectralWeights(weights, random),
    bias: constantWeights([weights.shape.at(-1) as number], 0),
  });
  const body = sizes
    .slice(1)
    .map((to, index) => layer(`conv${index}`, heKernel([4, 4, sizes[index] as number, to], random)));
  const value = layer('value', uniformWeights([features, 1], features, random));
  const embedding = layer('embedding', uniformWeights([conditions, features], features, random));
  const layers = [...body, value, embedding];
  return {
    variables: new Map(
      layers.flatMap(({ name, spectral, bias }) => [
        [`${name}/weights`, spectral.weights] as const,
        [`${name}/bias`, bias] as const,
      ]),
    ),
    memory: new Map(layers.map(({ name, spectral }) => [`${name}/direction`, spectral.direction])),
    judge: (pictures, condition) => {
      const through = (x: tf.Tensor4D, { spectral, bias }: Layer): tf.Tensor4D =>
        tf.leakyRelu(halve(x, spectral.normalised() as tf.Tensor4D).add<tf.Tensor4D>(bias), slope);
      const summed = body.reduce(through, pictures).sum([1, 2]);
      const plain = summed.matMul(value.spectral.normalised()).add(value.bias).flatten();
      const embedded = condition.matMul(embedding.spectral.normalised()).add(embedding.bias);
      return plain.add(embedded.mul(summed).sum(1)) as tf.Tensor1D;
    },
    refine: () => layers.forEach(({ spectral }) => spectral.refine()),
  };
};
