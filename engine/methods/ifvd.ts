import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { requireTarget } from '../data/batchTarget';
import { ifvdLoss } from '../losses/ifvd';
import { nearestTo, resizeToTeacher } from '../losses/resample';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('ifvd'),
  ...lossKeys,
  over: z
    .enum(['labelled', 'all'])
    .default('labelled')
    .describe('What the sum is divided by: positions with a label, or all (the published code).'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

export const ifvd = {
  id: 'ifvd',
  title: 'Intra-class variation (IFVD)',
  summary:
    'Matches how like its class’s average each position of a picture is; needs a mask, and no adapter.',
  source: 'Wang et al., Intra-class Feature Variation Distillation for Semantic Segmentation (ECCV 2020).',
  url: 'https://doi.org/10.1007/978-3-030-58571-6_21',
  guide: {
    formula: 'mean (m_s − m_t)², m = cos(F[i], mean of F over the class of i in the same picture)',
    needs: 'A teacher, masks, and a pair of feature maps; channels may differ.',
    cost: 'One small matrix of classes by channels a picture; no module is trained.',
    fails:
      'Where pictures hold one class each, or maps are so small that few positions of a class are left. Its weight of 200 was published beside two other losses.',
    decisions: [
      'Positions without a label count for nothing; the published code counts them as perfect. `over` “all” is its form.',
      'Masks are brought to the map’s size by the nearest pixel; the student’s map is resized to the teacher’s.',
      'The last of the proposed pairs is taken; published is the output of the decoder.',
    ],
  },
  tasks: ['segmentation'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 200,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup, { over }: Options): Prepared => {
    requireMaps(setup, 'ifvd', 'positions of maps');
    return preparePairs(matchPairs(setup, needs), (student, teacher, { batch }) => {
      const [, height, width] = teacher.shape as [number, number, number];
      const labels = nearestTo(requireTarget(batch, 'mask'), height, width);
      const own = resizeToTeacher(student, teacher) as tf.Tensor4D;
      return ifvdLoss(own, teacher as tf.Tensor4D, labels, setup.classes, over);
    });
  },
} satisfies Method<Options>;
