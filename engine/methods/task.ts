import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import type { Method } from './method';

const options = z.strictObject({ method: z.literal('task'), ...lossKeys });

export const task = {
  id: 'task',
  title: 'Task loss',
  summary: 'Learns from the labels alone: cross-entropy for classification.',
  source: 'Softmax cross-entropy with the class numbers of the data.',
  url: 'https://en.wikipedia.org/wiki/Cross-entropy',
  guide: {
    formula: 'CE(zs, y), the mean over the batch',
    needs: 'Labels, and no teacher.',
    cost: 'Nothing beside the student’s own pass.',
    fails: 'On its own it is the control: nothing of a teacher reaches the student.',
    decisions: [],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: () => ({
    taps: { student: [], teachers: [] },
    losses: (step) => ({ '': crossEntropy(step.student().logits, step.batch.labels) }),
  }),
} satisfies Method<z.infer<typeof options>>;
