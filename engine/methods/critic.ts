import * as tf from '@tensorflow/tfjs';
import { heKernel, uniformWeights } from '../adapters/initial';
import { batchNorm } from '../adapters/modules';
import { spectralWeights, type SpectralWeights } from '../adapters/spectralNorm';
import { withoutTape } from '../models/tape';
import type { Random } from '../random';

/** Judges logits: a train-only opponent of the student. */
export interface Critic {
  variables: ReadonlyMap<string, tf.Variable>;
  /** Directions of its spectral norms, statistics of its input. */
  memory: ReadonlyMap<string, tf.Variable>;
  /** One value a sample [N] of logits [N, H, W, K] or [N, K]; twice differentiable where its input is `tanh`. */
  judge(logits: tf.Tensor): tf.Tensor;
  /** Brings the spectral norms up to date: once a step. */
  refine(): void;
}

export type CriticInput = 'batch-norm' | 'tanh';

const slope = 0.1;
/** Maps are halved until neither side is longer. */
const smallSide = 4;
const mostWidth = 512;

/** One linear map of a critic with its bias. */
interface CriticLayer {
  spectral: SpectralWeights;
  bias: tf.Variable;
}

const variablesOf = (layers: readonly CriticLayer[]): [string, tf.Variable][] =>
  layers.flatMap(({ spectral, bias }, index): [string, tf.Variable][] => [
    [`${index}/weights`, spectral.weights],
    [`${index}/bias`, bias],
  ]);

const layer = (weights: tf.Variable, inputs: number, random: Random): CriticLayer => ({
  spectral: spectralWeights(weights, random),
  bias: uniformWeights([weights.shape.at(-1) as number], inputs, random),
});

/** As a product with a constant: tfjs's own has no second derivative. */
const leakyRelu = (x: tf.Tensor): tf.Tensor =>
  x.mul(withoutTape(() => x.greater(0).toFloat().mul(1 - slope).add(slope))); // prettier-ignore

/** 4x4 with stride 2, zeros on every side. */
const halve = (x: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor4D =>
  tf.conv2d(tf.pad4d(x, [[0, 0], [1, 1], [1, 1], [0, 0]]), kernel, 2, 'valid'); // prettier-ignore

/** Channels after each halving of a map of `height` by `width`: `first`, then doubled every time. */
const widthsFor = (height: number, width: number, first: number): number[] => {
  const halvings = Math.max(1, Math.ceil(Math.log2(Math.max(height, width) / smallSide)));
  return Array.from({ length: halvings }, (_, index) => Math.min(first * 2 ** index, mostWidth));
};

const convolutions = (shape: readonly number[], first: number, random: Random): CriticLayer[] => {
  const [height, width, classes] = shape as [number, number, number];
  const sizes = [classes, ...widthsFor(height, width, first)];
  return sizes
    .slice(1)
    .map((to, index) => layer(heKernel([4, 4, sizes[index] as number, to], random), 16, random));
};

const dense = (sizes: readonly number[], random: Random): CriticLayer[] =>
  sizes.slice(1).map((to, index) => {
    const from = sizes[index] as number;
    return layer(uniformWeights([from, to], from, random), from, random);
  });

/**
 * For class maps [H, W, K]: spectrally normalised 4x4 convolutions of stride 2 (`width` channels, doubled each time, up to
 * 512) until no side is longer than 4, the mean over positions, one linear value. For vectors [K]: two hidden layers of
 * `width`. LeakyReLU 0.1 throughout.
 * Liu et al. (CVPR 2019) beside the self-attention of their critic, for class maps of any size.
 * @param shape of the logits, without the batch dimension
 */
export const buildCritic = (
  shape: readonly number[],
  input: CriticInput,
  width: number,
  random: Random,
): Critic => {
  const isMap = shape.length === 3;
  const classes = shape.at(-1) as number;
  const body = isMap ? convolutions(shape, width, random) : dense([classes, width, width], random);
  const [value] = dense([(body.at(-1) as CriticLayer).bias.size, 1], random) as [CriticLayer];
  const layers = [...body, value];
  const norm = input === 'batch-norm' ? batchNorm(classes, 'input') : null;
  const through = (x: tf.Tensor, { spectral, bias }: CriticLayer): tf.Tensor => {
    const weights = spectral.normalised();
    const made = x.rank === 4 ? halve(x as tf.Tensor4D, weights as tf.Tensor4D) : x.matMul(weights);
    return made.add(bias);
  };
  return {
    variables: new Map([...variablesOf(layers), ...(norm?.variables ?? [])]),
    memory: new Map([
      ...layers.map(({ spectral }, index): [string, tf.Variable] => [
        `${index}/direction`,
        spectral.direction,
      ]),
      ...(norm?.statistics ?? []),
    ]),
    judge: (logits) => {
      const scaled = norm ? norm.apply(logits, true) : logits.tanh();
      const features = body.reduce((x, one) => leakyRelu(through(x, one)), scaled);
      return through(isMap ? features.mean([1, 2]) : features, value).flatten();
    },
    refine: () => layers.forEach(({ spectral }) => spectral.refine()),
  };
};
