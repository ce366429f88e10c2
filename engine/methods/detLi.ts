import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { requireTarget } from '../data/batchTarget';
import { proposalLoss } from '../losses/detectionImitation';
import { regionFeatures } from '../losses/regions';
import { matchPairs, preparePairs, requireMaps, type PairLoss } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup, Step } from './method';
import { bestRegions, labelledRegions, type Regions } from './proposals';

const options = z.strictObject({
  method: z.literal('det-li'),
  ...lossKeys,
  regions: z
    .enum(['teacher', 'student', 'labels'])
    .default('teacher')
    .describe(
      'Whose boxes are looked into: the best of the teacher or of the student, or the labelled ones.',
    ),
  count: z.int().positive().default(16).describe('Boxes of each picture, where a network proposes them.'),
  size: z.int().positive().default(7).describe('Points, in each direction, that a box is sampled at.'),
  form: z
    .enum(['mean', 'sum'])
    .default('mean')
    .describe('`mean`: over all values of a box. `sum`: over them, as in the paper.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'same', sizes: 'resized', connector: 'conv1x1' };

const regionsOf = (step: Step, { regions, count }: Options): Regions => {
  if (regions === 'labels') return labelledRegions(requireTarget(step.batch, 'boxes'));
  const { logits } = regions === 'teacher' ? step.teacher() : step.student();
  return bestRegions(logits as tf.Tensor4D, count);
};

export const detLi = {
  id: 'det-li',
  title: 'Imitation within proposals (Li)',
  summary:
    'Regresses the teacher’s features inside the boxes that it proposes, and leaves the background alone.',
  source: 'Li, Jin and Yan, Mimicking Very Efficient Network for Object Detection (CVPR 2017), equation 2.',
  url: 'https://openaccess.thecvf.com/content_cvpr_2017/html/Li_Mimicking_Very_Efficient_CVPR_2017_paper.html',
  guide: {
    formula: '½ · mean over boxes of (A(RoI(Fs)) − RoI(Ft))²',
    needs:
      'A teacher that detects with the same head, and pairs of feature maps; boxes only with `regions` “labels”.',
    cost: 'A 1x1 convolution a pair, trained along and dropped, and `count` · `size`² samples of both maps a picture.',
    fails: 'Where the teacher’s proposals miss the objects, or boxes are smaller than a cell of the map.',
    decisions: [
      'Proposals are the cells with the highest scores of the single-stage head, where the paper has a proposal network.',
      'Boxes are sampled by linear interpolation, one point a bin.',
      'The paper’s weights are not known; 1 and the mean over values are those of a later framework.',
    ],
  },
  tasks: ['detection'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  needs,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireMaps(setup, 'det-li', 'regions of maps');
    const loss: PairLoss = (student, teacher, step) => {
      const { boxes, counted } = regionsOf(step, parameters);
      const [own, its] = [student, teacher].map((map) =>
        regionFeatures(map as tf.Tensor4D, boxes, parameters.size),
      ) as [tf.Tensor4D, tf.Tensor4D];
      return proposalLoss(own, its, counted.flatten(), parameters.form);
    };
    return preparePairs(matchPairs(setup, needs), loss, parameters.regions === 'teacher');
  },
} satisfies Method<Options>;
