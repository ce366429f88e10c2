import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { spLoss } from '../losses/sp';
import { matchPairs, preparePairs } from './matchedPairs';
import type { Method, PairNeeds, Setup } from './method';

const options = z.strictObject({ method: z.literal('sp'), ...lossKeys });

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

export const sp = {
  id: 'sp',
  title: 'Similarity preserving (SP)',
  summary: 'Keeps which samples of a batch look alike to the teacher; any two layers can be paired.',
  source: 'Tung and Mori, Similarity-Preserving Knowledge Distillation (ICCV 2019).',
  url: 'https://arxiv.org/abs/1907.09682',
  guide: {
    formula: '‖ Gt − Gs ‖² / N², G = F · Fᵀ over the flattened samples of a batch, rows of unit length',
    needs: 'A teacher, and pairs of layers of any shape.',
    cost: 'A matrix of batch by batch; no module is trained.',
    fails:
      'With small batches there is little to compare; its size depends on the batch, so a weight tuned for one batch size is not right for another.',
    decisions: [
      'Rows are normalised by their Euclidean length as in the paper; one common library uses the sum of absolute values.',
    ],
  },
  tasks: ['classification', 'regression', 'segmentation', 'detection', 'features'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 3000,
  keepPairs: (proposed) => proposed.slice(-1),
  needs,
  options,
  prepare: (setup: Setup) => preparePairs(matchPairs(setup, needs), spLoss),
} satisfies Method<z.infer<typeof options>>;
