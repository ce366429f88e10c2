import * as tf from '@tensorflow/tfjs';
import { linear, relu, sequence } from '../adapters/modules';
import { densityRatioLoss } from '../losses/cganKd';
import type { FeatureTap } from '../methods/featureTap';
import { asVectors } from '../methods/featureTap';
import type { MethodStage, Prepared, Step } from '../methods/method';
import { withoutTape } from '../models/tape';
import type { Random } from '../random';
import type { Gan } from './gan';

/** How much likelier a picture is in the data than from the generator, given its condition. */
export interface DensityRatio {
  variables: ReadonlyMap<string, tf.Variable>;
  /** Positive, [N]. @param features of the teacher [N, F]. @param condition [N, K] */
  apply(features: tf.Tensor2D, condition: tf.Tensor2D): tf.Tensor1D;
}

const hidden = 128;

/** Five linear layers with ReLU between and softplus behind, on features and condition side by side. */
export const buildDensityRatio = (features: number, conditions: number, random: Random): DensityRatio => {
  const sizes = [features + conditions, hidden, hidden, hidden, hidden, 1];
  const layers = sizes.slice(1).flatMap((to, index) => {
    const layer = linear(sizes[index] as number, to, random, `${index}`);
    return index < sizes.length - 2 ? [layer, relu] : [layer];
  });
  const net = sequence(...layers);
  return {
    variables: net.variables,
    apply: (x, condition) =>
      net
        .apply(tf.concat([x, condition], 1), true)
        .softplus()
        .flatten(),
  };
};

export interface RatioTraining {
  epochs: number;
  lambda: number;
}

/** The stage that trains the ratio on the teacher's features of real and of generated pictures of the same condition. */
export const ratioStage = (
  ratio: DensityRatio,
  gan: Gan,
  tap: FeatureTap,
  { epochs, lambda }: RatioTraining,
  draw: NonNullable<Prepared['draw']>,
): MethodStage => {
  const conditionOf = (step: Pick<Step, 'batch' | 'drawn'>) => gan.conditioning.of(step.batch, step.drawn);
  return {
    name: 'filter',
    training: {
      epochs,
      learningRate: 1e-3,
      optimizer: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
      schedule: { kind: 'constant', warmup: 0 },
    },
    variables: ratio.variables,
    losses: (step) => {
      const [fake, real] = [step.teacher(0, step.view), withoutTape(() => step.teacher(0))].map((outputs) =>
        asVectors(outputs.tap(tap.name)),
      ) as [tf.Tensor2D, tf.Tensor2D];
      const condition = conditionOf(step);
      return { '': densityRatioLoss(ratio.apply(fake, condition), ratio.apply(real, condition), lambda) };
    },
    own: {
      taps: { student: [], teachers: [[tap.name]] },
      draw,
      view: (batch, drawn) => {
        const condition = conditionOf({ batch, drawn });
        const { pictures } = gan.generator.apply(drawn.noise as tf.Tensor2D, condition, false);
        return { images: gan.toRaw(pictures) };
      },
    },
  };
};
