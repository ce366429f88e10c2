import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constantWeights } from '../adapters/initial';
import { lossKeys } from '../contract/recipe';
import { reversalStrength, temperatureOf } from '../losses/ctkd';
import { scaleGradient } from '../losses/gradient';
import { kdLoss } from '../losses/kd';
import { meanOverTeachers } from './logits';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('ctkd'),
  ...lossKeys,
  start: z.number().positive().default(1).describe('The lowest temperature.'),
  span: z.number().positive().default(20).describe('How far the temperature can rise above it.'),
  ramp: z
    .number()
    .positive()
    .default(10)
    .describe('Epochs over which the temperature’s gradient goes from none to fully reversed.'),
});
type Options = z.infer<typeof options>;

export const ctkd = {
  id: 'ctkd',
  title: 'Curriculum temperature (CTKD)',
  summary: 'Soft targets whose temperature is learnt against the student: easy first, then harder.',
  source: 'Li et al., Curriculum Temperature for Knowledge Distillation (AAAI 2023).',
  url: 'https://arxiv.org/abs/2211.16231',
  guide: {
    formula: 'T² · (1/N) Σ KL(σ(zt / T) ‖ σ(zs / T)), T = 1 + 20 · sigmoid(θ), θ trained against the student',
    needs: 'A teacher with the same classes.',
    cost: 'One trained number beside plain soft targets.',
    fails:
      'In short runs: the temperature starts near 16 and needs epochs to move. The gain over a well-chosen fixed temperature is small.',
    decisions: [
      'The gradient reaches θ times λ, which falls from 0 to −1 over `ramp` along a cosine; the published code’s own defaults leave λ at 0, so that nothing is learnt.',
      'The factor T² takes part in the gradient of θ, and the optimizer’s weight decay acts on θ, both as in the code.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 0.9,
  options,
  prepare: (setup: Setup, { start, span, ramp }: Options): Prepared => {
    const theta = constantWeights([], 1) as tf.Variable<tf.Rank.R0>;
    return {
      taps: { student: [], teachers: setup.teachers.map(() => []) },
      variables: new Map([['theta', theta]]),
      losses: (step) => {
        const turned = scaleGradient(theta, reversalStrength(step.epoch, ramp));
        const temperature = temperatureOf(turned, { start, span });
        return {
          '': meanOverTeachers(setup, step, (student, teacher) => kdLoss(student, teacher, temperature)),
        };
      },
    };
  },
} satisfies Method<Options>;
