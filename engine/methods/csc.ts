import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { Failed } from '../contract/failure';
import { aceLoss } from '../losses/ace';
import { cscLoss } from '../losses/csc';
import { resizeBilinearTo } from '../losses/resample';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup, Step } from './method';

const options = z.strictObject({
  method: z.literal('csc'),
  ...lossKeys,
  adaptive: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Weight of adaptive cross-entropy (ACE) beside the correlations: labels mixed with the teacher’s probabilities. 1 replaces the loss `task`.',
    ),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'same', sizes: 'resized' };

const requireClasses = ({ task }: Setup): void => {
  if (task === 'classification' || task === 'segmentation') return;
  throw new Failed(
    'recipeInvalid',
    `Adaptive cross-entropy mixes labels with the teacher’s classes, and there are none in ${task}.`,
    'Leave "adaptive" out of the loss csc.',
  );
};

/** On logits [N, K] with class numbers, or on class maps, at the mask's size. */
const adaptiveLoss = (step: Step): tf.Scalar => {
  const [student, teacher] = [step.student().logits, step.teacher().logits];
  const { mask, labels } = step.batch;
  if (!mask) return aceLoss(student, teacher, labels);
  const [, height, width] = mask.shape;
  const [own, its] = [student, teacher].map((logits) =>
    resizeBilinearTo(logits as tf.Tensor4D, height, width),
  ) as [tf.Tensor4D, tf.Tensor4D];
  return aceLoss(own, its, mask);
};

export const csc = {
  id: 'csc',
  title: 'Channel and spatial correlation (CSC)',
  summary:
    'Matches which channels and which positions go together; for small maps, without a published weight.',
  source: 'After Park and Heo (Sensors 2020), whose normalisation is not known; this one is Retort’s.',
  url: 'https://doi.org/10.3390/s20164616',
  guide: {
    formula: 'mean (ΔGc)² + mean (ΔGs)², G the cosines between channels and between positions',
    needs: 'A teacher, and a pair of feature maps; labels for `adaptive`.',
    cost: 'Matrices of channels by channels and positions by positions, and a 1x1 convolution where channels differ.',
    fails:
      'On large maps: the matrix grows with the square of the positions. Nothing is known about good weights.',
    decisions: [
      'Only the paper’s abstract could be read: cosines, means over all entries and the weight 1 are ours.',
      '`adaptive` adds the paper’s adaptive cross-entropy, with the target a · p_t + (1 − a) · one-hot. The mixing is not known; a is the teacher’s probability of the true class.',
    ],
  },
  tasks: ['classification', 'segmentation'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup, { adaptive }: Options): Prepared => {
    requireMaps(setup, 'csc', 'channels and positions of maps');
    const correlations = preparePairs(
      matchPairs(setup, needs),
      (student, teacher) => cscLoss(student as tf.Tensor4D, teacher as tf.Tensor4D),
      adaptive > 0,
    );
    if (adaptive === 0) return correlations;
    requireClasses(setup);
    return {
      ...correlations,
      losses: (step) => ({ ...correlations.losses(step), adaptive: adaptiveLoss(step).mul(adaptive) }),
    };
  },
} satisfies Method<Options>;
