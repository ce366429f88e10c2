import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { kdLoss } from '../losses/kd';
import { meanOverTeachers } from './logits';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('kd'),
  ...lossKeys,
  temperature: z
    .number()
    .positive()
    .default(4)
    .describe('Softens both distributions; 1 leaves them as they are.'),
});
type Options = z.infer<typeof options>;

export const kd = {
  id: 'kd',
  title: 'Soft targets (KD)',
  summary: 'Matches the teacher’s softened class probabilities: the first thing to try.',
  source: 'Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network (2015), section 2.',
  url: 'https://arxiv.org/abs/1503.02531',
  guide: {
    formula: 'T² · (1/N) Σ KL(σ(zt / T) ‖ σ(zs / T))',
    needs: 'A teacher with the same classes; labels only for the `task` loss beside it.',
    cost: 'One pass of the teacher a batch, and nothing that is trained.',
    fails:
      'Where there are few classes, or the teacher is almost always certain, its probabilities say little more than the labels.',
    decisions: [
      'Summed over classes, averaged over the batch, times T²: the form of Hinton’s paper, not the mean over all elements that some libraries default to. It is K times larger, so weights of those libraries do not carry over.',
      'With several teachers the loss is the mean over them.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 0.9,
  options,
  prepare: (setup: Setup, { temperature }: Options): Prepared => ({
    taps: { student: [], teachers: setup.teachers.map(() => []) },
    losses: (step) => ({
      '': meanOverTeachers(setup, step, (student, teacher) => kdLoss(student, teacher, temperature)),
    }),
  }),
} satisfies Method<Options>;
