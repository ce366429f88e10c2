import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { fitnetsLoss } from '../losses/fitnets';
import { resizeToTeacher } from '../losses/resample';
import { matchPairs, preparePairs } from './matchedPairs';
import type { Method, PairNeeds, Setup } from './method';

const options = z.strictObject({ method: z.literal('fitnets'), ...lossKeys });

const needs: PairNeeds = { channels: 'same', sizes: 'regressed' };

export const fitnets = {
  id: 'fitnets',
  title: 'Hints (FitNets)',
  summary:
    'Regresses the teacher’s features from the student’s: strong where both have stages of equal size.',
  source: 'Romero et al., FitNets: Hints for Thin Deep Nets (ICLR 2015), equation 3, trained in one stage.',
  url: 'https://arxiv.org/abs/1412.6550',
  guide: {
    formula: 'mean (A(Fs) − Ft)²',
    needs: 'A teacher, and a pair of layers; the student’s may have another width and size.',
    cost: 'A regressor (one convolution and its normalisation) that is trained along and dropped.',
    fails:
      'A regressor that ends in a ReLU cannot reach negative values: pair layers after their activation. A hint too deep, or a weight too large, ties the student to features it has no room for.',
    decisions: [
      'Trained in one stage together with the labels, as later code does, not in two as in the paper.',
      'The middle one of the proposed pairs is taken.',
    ],
  },
  tasks: ['classification', 'regression', 'segmentation', 'detection', 'features'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 100,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup) =>
    preparePairs(matchPairs(setup, needs), (student, teacher) =>
      fitnetsLoss(resizeToTeacher(student, teacher), teacher as tf.Tensor),
    ),
} satisfies Method<z.infer<typeof options>>;
