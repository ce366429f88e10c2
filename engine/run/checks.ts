import { Failed } from '../contract/failure';
import type { Task } from '../contract/recipe';
import type { Dataset } from '../data/dataset';
import { geometryChannels } from '../detection/head';
import type { Method } from '../methods/method';
import type { Network } from '../models/network';

/** What the outputs of a network must be for a task, and what to do where they are not. */
interface OutputRule {
  fits(shape: readonly number[], dataset: Dataset): boolean;
  /** Completes "…, and". */
  wanted(dataset: Dataset): string;
  next: string;
}

const last = (shape: readonly number[]): number => shape.at(-1) ?? 0;
const names = (dataset: Dataset): string => dataset.classes.slice(0, 6).join(', ');

const outputRules: Record<Task, OutputRule> = {
  classification: {
    fits: (shape, { classes }) => last(shape) === classes.length,
    wanted: ({ classes }) => `the data has ${classes.length} classes`,
    next: 'Give the model’s last layer one unit per class, or check the data section of the recipe.',
  },
  regression: {
    fits: (shape, { outputs = [] }) => shape.reduce((product, size) => product * size, 1) === outputs.length,
    wanted: ({ outputs = [] }) =>
      `the data has ${outputs.length} target values (${outputs.map(({ name }) => name).join(', ')})`,
    next: 'Give the model’s last layer one linear unit per target value.',
  },
  segmentation: {
    fits: (shape, { classes }) => shape.length === 3 && last(shape) >= classes.length,
    wanted: ({ classes }) => `the masks have ${classes.length} classes, one score of each for every pixel`,
    next: 'End the model in a convolution with one channel per class and no pooling over the picture; if the masks say their classes by other numbers, name those in data.classes.',
  },
  detection: {
    fits: (shape, { classes }) => shape.length === 3 && last(shape) === classes.length + geometryChannels,
    wanted: (dataset) =>
      `a detection head for ${dataset.classes.length} classes (${names(dataset)}) is rows x columns x ${dataset.classes.length + geometryChannels}`,
    next: 'End the model in a convolution without activation with (classes + 4) channels: one score a class, then centre down, centre right, log height, log width.',
  },
  features: {
    fits: (shape) => (shape.length === 1 || shape.length === 3) && last(shape) > 0,
    wanted: () => 'features are a vector or a map with channels',
    next: 'Let the model end in its features: [features] or [height, width, channels].',
  },
};

/** Whether a network's outputs are what the task learns; throws `Failed` (modelInvalid). */
export const requireOutput = (task: Task, network: Network, dataset: Dataset, role: string): void => {
  const { outputShape, name } = network.info;
  const rule = outputRules[task];
  if (rule.fits(outputShape, dataset)) return;
  const found = outputShape.length === 1 ? String(outputShape[0]) : outputShape.join(' x ');
  throw new Failed(
    'modelInvalid',
    `The ${role} ${name} puts out ${found} values, and ${rule.wanted(dataset)}.`,
    rule.next,
  );
};

/** Frozen graphs teach; they do not learn. Throws `Failed` (modelUnsupported). */
export const requireTrainable = (network: Network, role: string): void => {
  if (network.trainable.size > 0) return;
  throw new Failed(
    'modelUnsupported',
    `The ${role} ${network.info.name} is a frozen ${network.info.format} file, which cannot be trained.`,
    role === 'student'
      ? 'Use it as the teacher, and a layers-model, a Keras file or model code as the student.'
      : 'Leave "train" out of the recipe’s teacher.',
  );
};

/** Whether plain TensorFlow.js could load what a run would export; throws `Failed` (modelUnsupported). */
export const requireExportable = (student: Network): void => {
  const [first] = student.beyondTfjs ?? [];
  if (first === undefined) return;
  throw new Failed(
    'modelUnsupported',
    `The student ${student.info.name} uses the activation ${first}, which plain TensorFlow.js cannot load.`,
    'Use it as the teacher; give the student relu, relu6, swish or another activation of TensorFlow.js.',
  );
};

/** Whether a network takes samples of this shape; throws `Failed` (modelInvalid). */
export const requireInput = (network: Network, sample: readonly number[], role: string): void => {
  const wanted = network.info.inputShape;
  const fits =
    wanted.length === sample.length && wanted.every((size, axis) => !(size > 0) || size === sample[axis]);
  if (!fits)
    throw new Failed(
      'modelInvalid',
      `The ${role} ${network.info.name} takes [${wanted.join(', ')}], and a sample is [${sample.join(', ')}].`,
      'Teacher and student must take the same samples: change the model’s input, or the size in the data section.',
    );
};

/** Whether there are samples to measure the results on; throws `Failed` (recipeInvalid). */
export const requireMeasurable = ({ test, validation }: Dataset): void => {
  if ((test ?? validation).count > 0) return;
  throw new Failed(
    'recipeInvalid',
    'Nothing is left to measure the results on: there are no test data, and data.validation is 0.',
    'Name test data in the recipe’s data section, or keep a share of the training data aside: "validation": 0.1.',
  );
};

/** Whether a method is for this task; throws `Failed` (recipeInvalid). */
export const requireSuitable = (method: Method, task: Task): void => {
  if (method.tasks.includes(task)) return;
  throw new Failed(
    'recipeInvalid',
    `The method ${method.id} is for ${method.tasks.join(' and ')}, and the recipe’s task is ${task}.`,
    `Take this loss out; methods for ${task} are listed by: retort methods`,
  );
};
