import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { cdLoss } from '../losses/cd';
import { decayAt, decayKeys } from './decay';
import { matchPairs, preparePairs, requireMaps } from './matchedPairs';
import type { Method, PairNeeds, Prepared, Setup } from './method';

const options = z.strictObject({ method: z.literal('cd'), ...lossKeys, ...decayKeys });
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'same', sizes: 'resized', connector: 'conv1x1-bn-relu' };

export const cd = {
  id: 'cd',
  title: 'Channel distillation (CD)',
  summary:
    'Matches how strongly each channel responds on average, at every stage, through a small connector.',
  source: 'Zhou et al., Channel Distillation (2020), with its early decay.',
  url: 'https://arxiv.org/abs/2006.01683',
  guide: {
    formula: 'Σ over pairs of mean (GAP(A(Fs)) − GAP(Ft))²',
    needs: 'A teacher, and pairs of feature maps.',
    cost: 'A 1x1 convolution with normalisation for every pair, trained along and dropped.',
    fails: 'Where it matters where something is: it sees only the mean of each channel.',
    decisions: [
      'The connector is there also where channels agree, as in the published code.',
      'The teacher stays in inference mode; in the published code its batch statistics drift.',
      'The weight falls by `decay` every `decayEvery` epochs. The code’s switch that turns the labels off for the first epochs is left out.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 6,
  needs,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireMaps(setup, 'cd', 'channels of maps');
    return preparePairs(matchPairs(setup, needs), (student, teacher, step) =>
      cdLoss(student as tf.Tensor4D, teacher as tf.Tensor4D).mul(decayAt(step.epoch, parameters)),
    );
  },
} satisfies Method<Options>;
