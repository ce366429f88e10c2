import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { gkdLoss } from '../losses/gkd';
import { decayAt, decayKeys } from './decay';
import { meanOverTeachers } from './logits';
import type { Method, Prepared, Setup } from './method';

const options = z.strictObject({
  method: z.literal('gkd'),
  ...lossKeys,
  temperature: z
    .number()
    .positive()
    .default(1)
    .describe('Softens both distributions; 1 leaves them as they are.'),
  ...decayKeys,
});
type Options = z.infer<typeof options>;

export const gkd = {
  id: 'gkd',
  title: 'Guided soft targets (GKD)',
  summary: 'Soft targets only where the teacher is right: never learns its mistakes.',
  source: 'Zhou et al., Channel Distillation (2020), with its early decay.',
  url: 'https://arxiv.org/abs/2006.01683',
  guide: {
    formula: 'T² · KL(σ(zt / T) ‖ σ(zs / T)), the mean over samples that the teacher classifies right',
    needs: 'A teacher with the same classes, and labels.',
    cost: 'As plain soft targets.',
    fails:
      'Where the teacher is seldom right there is little to learn from, and where it always is it is plain soft targets.',
    decisions: [
      'A batch without a sample that the teacher has right counts 0; the published code divides by zero.',
      'The default weight is that for many classes (ImageNet); 0.1 is published for CIFAR-100.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => ({
    taps: { student: [], teachers: setup.teachers.map(() => []) },
    losses: (step) => {
      const { labels } = step.batch;
      const guided = meanOverTeachers(setup, step, (student, teacher) =>
        gkdLoss(student, teacher, labels, parameters.temperature),
      );
      return { '': guided.mul(decayAt(step.epoch, parameters)) };
    },
  }),
} satisfies Method<Options>;
