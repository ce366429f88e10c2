import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { cwdLoss } from '../losses/cwd';
import { resizeToTeacher } from '../losses/resample';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('cwd'),
  ...lossKeys,
  temperature: z
    .number()
    .positive()
    .default(4)
    .describe('Softens each channel’s distribution over positions.'),
});
type Options = z.infer<typeof options>;

/**
 * Published with temperature 4, for segmentation: 35 to 40 on features, 3 on class maps. On a classifier's features such
 * a weight drowns the labels, and nothing is published: 1 is ours.
 */
const weights = { features: 1, logits: 3 };

const needs: PairNeeds = { channels: 'same', sizes: 'resized' };

export const cwd = {
  id: 'cwd',
  title: 'Channel-wise distillation (CWD)',
  summary: 'Matches where each channel responds most: each channel’s map as a distribution over positions.',
  source: 'Shu et al., Channel-wise Knowledge Distillation for Dense Prediction (ICCV 2021).',
  url: 'https://arxiv.org/abs/2011.13256',
  guide: {
    formula: 'T² / (N · C) · Σ KL(φt ‖ φs), φ = softmax of a channel over its positions, F / T',
    needs: 'A teacher, and a pair of feature maps; best the last one, or class maps.',
    cost: 'A 1x1 convolution where channels differ, trained along and dropped.',
    fails:
      'Deep inside a backbone, and on maps of few positions, where a distribution over positions says little. Published results of one setting lie up to 3 points apart from seed to seed: repeat it.',
    decisions: [
      'A divergence, zero where both agree; some libraries compute the cross-entropy, which is never zero but has the same gradient.',
      'Published weights (35 to 40 on features, 3 on class maps) are for segmentation. On a classifier’s features they drown the labels; the weight 1 is ours.',
    ],
  },
  tasks: ['classification', 'segmentation', 'detection'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: weights.features,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup, { temperature }: Options): Prepared => {
    requireMaps(setup, 'cwd', 'positions within a channel');
    const matched = matchPairs(setup, needs);
    const onLogits = setup.pairs.every((pair) => pair.teacher === 'logits' && pair.student === 'logits');
    return {
      ...preparePairs(matched, (student, teacher) =>
        cwdLoss(resizeToTeacher(student, teacher) as tf.Tensor4D, teacher as tf.Tensor4D, temperature),
      ),
      weight: onLogits ? weights.logits : weights.features,
    };
  },
} satisfies Method<Options>;
