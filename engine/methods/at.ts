import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { atLoss } from '../losses/at';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('at'),
  ...lossKeys,
  form: z
    .enum(['code', 'paper'])
    .default('code')
    .describe('`code`: mean of squared differences, weight 1000. `paper`: mean of norms, weight 10.'),
});
type Options = z.infer<typeof options>;

/**
 * The paper's form has no published weight: its norm is not divided by the P positions. 10 gives the gradient that
 * 1000 gives the code's form on maps of 8x8.
 */
const weights = { code: 1000, paper: 10 };

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

export const at = {
  id: 'at',
  title: 'Attention transfer (AT)',
  summary: 'Matches where in the picture each stage is active; channels may differ, no adapter is trained.',
  source: 'Zagoruyko and Komodakis, Paying More Attention to Attention (ICLR 2017), equation 2.',
  url: 'https://arxiv.org/abs/1612.03928',
  guide: {
    formula: 'mean (q(Fs) − q(Ft))², q(F) = mean over channels of |F|², as a unit vector of positions',
    needs: 'A teacher, and pairs of feature maps; channels may differ.',
    cost: 'Next to nothing: no module is trained.',
    fails:
      'Between families of networks: where students are built of depthwise convolutions it has been published below training without a teacher.',
    decisions: [
      'The published code and the paper differ: `code` averages squared differences (weight 1000), `paper` averages norms. The paper’s form has no published weight; 10 gives about the same gradient on maps of 8 by 8.',
      'Maps of different size are averaged down to the smaller.',
    ],
  },
  tasks: ['classification', 'regression', 'segmentation', 'detection', 'features'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: weights.code,
  needs,
  options,
  prepare: (setup: Setup, { form }: Options): Prepared => {
    requireMaps(setup, 'at', 'where maps are active');
    const matched = matchPairs(setup, needs);
    return {
      ...preparePairs(matched, (student, teacher) =>
        atLoss(student as tf.Tensor4D, teacher as tf.Tensor4D, form),
      ),
      weight: weights[form],
    };
  },
} satisfies Method<Options>;
