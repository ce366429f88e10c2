import { z } from 'zod';
import type * as tf from '@tensorflow/tfjs';

/** Parameters of a weight that falls in steps while training goes on (Zhou et al. 2020, early decay teacher). */
export const decayKeys = {
  decay: z
    .number()
    .positive()
    .max(1)
    .default(0.9)
    .describe('Multiplies the loss every `decayEvery` epochs; 1: never.'),
  decayEvery: z.number().positive().default(30).describe('Epochs between two such steps.'),
};

/** decay^⌊epoch / decayEvery⌋ */
export const decayAt = (epoch: tf.Scalar, options: { decay: number; decayEvery: number }): tf.Scalar =>
  epoch.div(options.decayEvery).floor().mul(Math.log(options.decay)).exp().asScalar();
