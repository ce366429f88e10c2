import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { convertPiWeight, piLoss, piReductions, type PiReduction } from '../losses/pi';
import { resizeToTeacher } from '../losses/resample';
import { meanOverTeachers } from './logits';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('pi'),
  ...lossKeys,
  reduction: z
    .enum(piReductions)
    .default('pixel-mean')
    .describe(
      '`pixel-mean` (CIRKD): summed over classes, the mean over positions. `element-mean` (IFVD): the mean over classes too. `soft-ce-sum` (SKD): cross-entropy, summed over the batch.',
    ),
  weightOf: z
    .enum(piReductions)
    .optional()
    .describe('The reduction that `weight` was published for: it is converted to the one above.'),
  temperature: z.number().positive().default(1).describe('Softens both distributions.'),
});
type Options = z.infer<typeof options>;

/** Published with each reduction, temperature 1: CIRKD, IFVD, SKD. */
const weights: Record<PiReduction, number> = { 'pixel-mean': 1, 'element-mean': 10, 'soft-ce-sum': 10 };

export const pi = {
  id: 'pi',
  title: 'Pixel-wise soft targets (PI)',
  summary:
    'Matches the teacher’s class probabilities at every position: the first thing to try on class maps.',
  source: 'Liu et al., Structured Knowledge Distillation for Semantic Segmentation (CVPR 2019), section 3.1.',
  url: 'https://arxiv.org/abs/1903.04197',
  guide: {
    formula: 'T² / (N · H · W) · Σ KL(σ(zt / T) ‖ σ(zs / T)), over batch and positions',
    needs: 'A teacher with the same classes; labels only for the `task` loss beside it.',
    cost: 'One pass of the teacher a batch, and nothing that is trained.',
    fails:
      'With a weight that was published for another reduction: then it drowns the labels, or does nothing. Name that reduction as `weightOf`.',
    decisions: [
      'Three reductions are in use, and differ by the number of classes and the batch size. `pixel-mean` depends on neither, so it is the default.',
      'Converted weights: w(pixel-mean) = w(element-mean) / classes = w(soft-ce-sum) · batch size.',
      'SKD’s form is a cross-entropy: it holds the teacher’s entropy and is not zero where both agree.',
      'Class maps of different size: the student’s is resized to the teacher’s, cell centres aligned.',
    ],
  },
  tasks: ['classification', 'segmentation'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: weights['pixel-mean'],
  options,
  prepare: (setup: Setup, { reduction, weightOf, temperature }: Options): Prepared => {
    const sizes = { classes: setup.classes, batch: setup.batchSize };
    const published = weightOf ?? reduction;
    return {
      weight: weights[published],
      weightScale: convertPiWeight(1, published, reduction, sizes),
      taps: { student: [], teachers: setup.teachers.map(() => []) },
      losses: (step) => ({
        '': meanOverTeachers(setup, step, (student, teacher) =>
          piLoss(resizeToTeacher(student, teacher), teacher, reduction, temperature),
        ),
      }),
    };
  },
} satisfies Method<Options>;
