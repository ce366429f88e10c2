import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { paLoss } from '../losses/pa';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('pa'),
  ...lossKeys,
  share: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe('Height and width of one region as a share of the map’s; 0.5 compares four regions.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

export const pa = {
  id: 'pa',
  title: 'Pairwise affinity (PA)',
  summary: 'Keeps which regions of a picture look alike to the teacher; channels may differ.',
  source: 'Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019).',
  url: 'https://arxiv.org/abs/1903.04197',
  guide: {
    formula: 'mean (As − At)², A = cosines between max-pooled regions of a map',
    needs: 'A teacher, and pairs of feature maps; channels may differ.',
    cost: 'A small matrix of regions; no module is trained.',
    fails:
      'On small maps few regions are left. Its published weights differ twentyfold (0.5 in scripts, 10 in the paper).',
    decisions: [
      'The length of each region’s features is part of the gradient; the published code leaves it out, which is not the gradient of its own loss.',
    ],
  },
  tasks: ['classification', 'segmentation', 'detection'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup, { share }: Options): Prepared => {
    requireMaps(setup, 'pa', 'regions of maps');
    return preparePairs(matchPairs(setup, needs), (student, teacher) =>
      paLoss(student as tf.Tensor4D, teacher as tf.Tensor4D, share),
    );
  },
} satisfies Method<Options>;
