import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { cscLoss } from '../losses/csc';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({ method: z.literal('csc'), ...lossKeys });

const needs: PairNeeds = { channels: 'same', sizes: 'resized' };

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
  prepare: (setup: Setup): Prepared => {
    requireMaps(setup, 'csc', 'channels and positions of maps');
    return preparePairs(matchPairs(setup, needs), (student, teacher) =>
      cscLoss(student as tf.Tensor4D, teacher as tf.Tensor4D),
    );
  },
} satisfies Method<z.infer<typeof options>>;
