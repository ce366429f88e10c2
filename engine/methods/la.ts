import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { laLoss } from '../losses/la';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({ method: z.literal('la'), ...lossKeys });

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

export const la = {
  id: 'la',
  title: 'Local affinity (LA)',
  summary: 'Matches how much neighbouring positions differ; made for class maps, without a published weight.',
  source:
    'After Xie et al., Improving Fast Segmentation With Teacher-student Learning (2018); the normalisation is Retort’s.',
  url: 'https://arxiv.org/abs/1810.08476',
  guide: {
    formula: 'mean over neighbouring positions of (Ds − Dt)², D = ‖F[i] − F[j]‖₂',
    needs: 'A teacher, and pairs of feature maps; channels may differ.',
    cost: 'Eight differences a position; no module is trained.',
    fails:
      'In published comparisons it is the weakest of the methods for maps, and scale matters: features of different magnitude dominate.',
    decisions: [
      'The paper’s normalisation is not known. Decided: each pair of neighbours inside the map counts once, diagonals too, and the mean is over all of them.',
      'No weight is published; 1 is ours.',
    ],
  },
  tasks: ['classification', 'segmentation'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup): Prepared => {
    requireMaps(setup, 'la', 'neighbouring positions');
    return preparePairs(matchPairs(setup, needs), (student, teacher) =>
      laLoss(student as tf.Tensor4D, teacher as tf.Tensor4D),
    );
  },
} satisfies Method<z.infer<typeof options>>;
