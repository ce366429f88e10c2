import { z } from 'zod';
import { linear } from '../adapters/modules';
import { Failed } from '../contract/failure';
import { lossKeys, type Task } from '../contract/recipe';
import { requireTarget } from '../data/batchTarget';
import { ignored } from '../data/dataset';
import { detectionLoss } from '../detection/head';
import { crossEntropy } from '../losses/crossEntropy';
import { pixelCrossEntropy } from '../losses/pixelCrossEntropy';
import { huberError, squaredError } from '../losses/regression';
import { asVectors } from './featureTap';
import type { Method, Prepared, Setup } from './method';
import type * as tf from '@tensorflow/tfjs';

const options = z.strictObject({
  method: z.literal('task'),
  ...lossKeys,
  error: z
    .enum(['squared', 'huber'])
    .default('squared')
    .describe('Regression: squared errors, or Huber’s, which outliers pull less.'),
});
type Options = z.infer<typeof options>;

const withoutTaps = { student: [], teachers: [] };

/** A train-only linear classifier on the student's features. */
const featureHead = (setup: Setup): Prepared => {
  const { info } = setup.student;
  const size = info.outputShape.at(-1) ?? 0;
  if (!(size > 0) || setup.classes < 2)
    throw new Failed(
      'recipeInvalid',
      `The features of ${info.name} cannot be trained with labels: it puts out [${info.outputShape.join(', ')}], and the data has ${setup.classes} classes.`,
      'Take the loss "task" out, or give data with class labels.',
    );
  const head = linear(size, setup.classes, setup.random('head'), 'head');
  return {
    taps: withoutTaps,
    variables: head.variables,
    losses: (step) => ({
      '': crossEntropy(head.apply(asVectors(step.student().logits), true), step.batch.labels),
    }),
  };
};

const byTask: Record<Task, (setup: Setup, options: Options) => Prepared> = {
  classification: () => ({
    taps: withoutTaps,
    losses: (step) => ({ '': crossEntropy(step.student().logits, step.batch.labels) }),
  }),
  regression: (_, { error }) => ({
    taps: withoutTaps,
    losses: ({ student, batch }) => {
      const loss = error === 'huber' ? huberError : squaredError;
      return { '': loss(student().logits, requireTarget(batch, 'values')) };
    },
  }),
  segmentation: () => ({
    taps: withoutTaps,
    losses: ({ student, batch }) => ({
      '': pixelCrossEntropy(student().logits as tf.Tensor4D, requireTarget(batch, 'mask'), ignored),
    }),
  }),
  detection: () => ({
    taps: withoutTaps,
    losses: ({ student, batch }) => ({
      ...detectionLoss(student().logits as tf.Tensor4D, requireTarget(batch, 'boxes')),
    }),
  }),
  features: featureHead,
};

export const task = {
  id: 'task',
  title: 'Task loss',
  summary: 'Learns from the data alone: from labels, values, masks or boxes.',
  source:
    'Softmax cross-entropy, of classes or of pixels; squared error; for boxes the focal and the geometry loss of engine/detection/head.ts, after Zhou et al., Objects as Points (2019).',
  url: 'https://en.wikipedia.org/wiki/Cross-entropy',
  guide: {
    formula:
      'CE(zs, y), CE of each pixel, mean (zs − y)², or focal + geometry of boxes; the mean over the batch',
    needs: 'Labels, values, masks or boxes, and no teacher.',
    cost: 'Nothing beside the student’s own pass; in feature learning a train-only linear layer.',
    fails: 'On its own it is the control: nothing of a teacher reaches the student.',
    decisions: [
      'Logits of another size than the mask are resized bilinearly to it; pixels of the class 255 count for nothing.',
      'Regression learns values in standard deviations of the training samples (data.standardise).',
      'Feature learning has no loss of its own: the labels are learnt through a linear layer that is dropped.',
    ],
  },
  tasks: ['classification', 'regression', 'segmentation', 'detection', 'features'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => byTask[setup.task](setup, parameters),
} satisfies Method<Options>;
