import { totalmem } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constantWeights } from '../adapters/initial';
import { linear } from '../adapters/modules';
import { Failed } from '../contract/failure';
import { lossKeys } from '../contract/recipe';
import type { BatchFacts } from '../data/dataset';
import { crdLoss, normaliser, scoresOf, updatedMemory, type Contrast, type Scores } from '../losses/crd';
import { l2Normalize } from '../losses/normalize';
import { withoutTape } from '../models/tape';
import type { Network } from '../models/network';
import type { Random } from '../random';
import { asVectors, defaultFeatures, featureTap, type FeatureTap } from './featureTap';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { negativesOf, type Negatives } from './negatives';

const layer = z.string().min(1).optional();
const options = z.strictObject({
  method: z.literal('crd'),
  ...lossKeys,
  dimension: z.int().positive().default(128).describe('Length of the embeddings that are compared.'),
  negatives: z
    .int()
    .positive()
    .default(16384)
    .describe('Samples of other classes that each sample is held against; fewer where the data has fewer.'),
  temperature: z.number().positive().default(0.07).describe('Divides the similarities.'),
  momentum: z.number().min(0).lt(1).default(0.5).describe('How much of its old value a memory row keeps.'),
  teacherLayer: layer.describe('The teacher’s features; without it, those its classifier reads.'),
  studentLayer: layer.describe('The student’s features; without it, those its classifier reads.'),
});
type Options = z.infer<typeof options>;

/**
 * Bytes that CRD keeps beside the networks: two memories of one float32 row per training sample, saved in every
 * checkpoint, and while a step runs about six tables of one number per sample for each member of the batch.
 */
export const crdBytes = (samples: number, batchSize: number, dimension: number): number =>
  4 * samples * (2 * dimension + 6 * batchSize);

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;

const requireRoom = ({ samples, batchSize }: Setup, dimension: number): void => {
  const [needed, present] = [crdBytes(samples, batchSize, dimension), totalmem()];
  if (needed > present / 2) {
    throw new Failed(
      'outOfMemory',
      `The method crd would take ${gigabytes(needed)} for ${samples} samples; this machine has ${gigabytes(present)}.`,
      'Lower "batchSize" or the loss’s "dimension", or limit the data.',
    );
  }
};

const requireNegatives = (setup: Setup, wished: number): Negatives => {
  const negatives = negativesOf(setup.labels, wished);
  if (negatives.count === 0) {
    throw new Failed(
      'recipeInvalid',
      'The method crd compares samples of different classes, but the training data has only one class.',
      'Use data with two classes or more, or another method.',
    );
  }
  return negatives;
};

/** One network's side: where its features are read, how they are embedded, and what is remembered of them. */
interface Side {
  tap: FeatureTap;
  head: Module;
  /** [samples, dimension] */
  memory: tf.Variable;
  /** Normaliser of the contrast with this memory; 0 until the first batch has fixed it. */
  z: tf.Variable;
}

const makeSide = (setup: Setup, role: 'student' | 'teacher', tap: FeatureTap, dimension: number): Side => {
  const random = setup.random(`crd/${role}`);
  const bound = 1 / Math.sqrt(dimension / 3);
  const values = Float32Array.from(
    { length: setup.samples * dimension },
    () => bound * (2 * random.uniform() - 1),
  );
  return {
    tap,
    head: linear(tap.size, dimension, random, role),
    memory: tf.tidy(() => tf.variable(tf.tensor2d(values, [setup.samples, dimension]), false)),
    z: constantWeights([], 0, false),
  };
};

const embed = ({ head, tap }: Side, features: tf.Tensor): tf.Tensor2D =>
  l2Normalize(head.apply(asVectors(features).reshape([-1, tap.size]), true)) as tf.Tensor2D;

const drawNegatives = (random: Random, facts: BatchFacts, samples: number, negatives: Negatives) => {
  const rows = new Float32Array(facts.size * samples);
  for (let member = 0; member < facts.size; member++) {
    const row = rows.subarray(member * samples, (member + 1) * samples);
    negatives.draw(random, facts.labels[member] as number, row);
  }
  return { negatives: tf.tensor2d(rows, [facts.size, samples]) };
};

/** A thing of each network. As contrasts: each network's embeddings against the other's memory. */
interface Sides<T = Side> {
  student: T;
  teacher: T;
}

const contrastsOf = (
  step: Step,
  sides: Sides,
  fixed: Pick<Contrast, 'count' | 'temperature'>,
): Sides<Contrast> => {
  const anchors = {
    student: embed(sides.student, step.student().tap(sides.student.tap.name)),
    teacher: embed(sides.teacher, step.teacher().tap(sides.teacher.tap.name)),
  };
  const shared = {
    ...fixed,
    indices: step.batch.indices,
    negatives: step.drawn.negatives as tf.Tensor2D,
  };
  return {
    student: { ...shared, anchors: anchors.student, memory: sides.teacher.memory as tf.Variable<tf.Rank.R2> },
    teacher: { ...shared, anchors: anchors.teacher, memory: sides.student.memory as tf.Variable<tf.Rank.R2> },
  };
};

/** The fixed normaliser, or before the first batch is done this batch's own. */
const normaliserOf = (scores: Scores, contrast: Contrast, fixed: tf.Variable): tf.Scalar =>
  withoutTape(() => tf.where(fixed.greater(0), fixed, normaliser(scores, contrast) as tf.Tensor).asScalar());

const contrastLoss = (contrast: Contrast, fixed: tf.Variable): tf.Scalar => {
  const scores = scoresOf(contrast);
  return crdLoss(scores, contrast, normaliserOf(scores, contrast, fixed));
};

const rememberBatch = (
  step: Step,
  { student, teacher }: Sides,
  { student: own, teacher: its }: Sides<Contrast>,
  momentum: number,
): void => {
  const { indices } = step.batch;
  teacher.z.assign(normaliserOf(scoresOf(own), own, teacher.z));
  student.z.assign(normaliserOf(scoresOf(its), its, student.z));
  student.memory.assign(updatedMemory(its.memory, indices, own.anchors, momentum));
  teacher.memory.assign(updatedMemory(own.memory, indices, its.anchors, momentum));
};

const prepareSides = (sides: Sides, parameters: Options, negatives: Negatives): Prepared => {
  const { student, teacher } = sides;
  const { temperature, momentum } = parameters;
  const contrasts = (step: Step) => contrastsOf(step, sides, { count: negatives.count, temperature });
  return {
    taps: { student: [student.tap.name], teachers: [[teacher.tap.name]] },
    variables: new Map([...student.head.variables, ...teacher.head.variables]),
    memory: new Map([
      ['student/memory', student.memory],
      ['teacher/memory', teacher.memory],
      ['student/z', student.z],
      ['teacher/z', teacher.z],
    ]),
    losses: (step) => {
      const pair = contrasts(step);
      return {
        student: contrastLoss(pair.student, teacher.z),
        teacher: contrastLoss(pair.teacher, student.z),
      };
    },
    remember: (step) => tf.tidy(() => rememberBatch(step, sides, contrasts(step), momentum)),
  };
};

export const crd = {
  id: 'crd',
  title: 'Contrastive representation (CRD)',
  summary:
    'Pulls each sample’s features towards the teacher’s and away from those of other classes; needs memory.',
  source: 'Tian, Krishnan and Isola, Contrastive Representation Distillation (ICLR 2020).',
  url: 'https://arxiv.org/abs/1910.10699',
  guide: {
    formula:
      'Σ over both sides of −(1/N) Σᵢ [ log x₀ / (x₀ + c) + Σⱼ log c / (xⱼ + c) ], x = exp(v · m / τ) / Z, c = K / samples',
    needs: 'A teacher, and classes: negatives are samples of other classes.',
    cost: 'Two linear heads, two memories of one row a training sample (50 000 samples: 51 MB), and a table of batch by samples a step.',
    fails:
      'On small data there are few negatives. Values near 10 are normal: the sum over negatives is not averaged.',
    decisions: [
      'Negatives are drawn without repetition from the other classes; `negatives` is cut to as many as there are.',
      'Memories are kept by position in the training data, so shuffling does not disturb them.',
    ],
  },
  tasks: ['classification', 'features'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 0.8,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    const { dimension, teacherLayer, studentLayer } = parameters;
    requireRoom(setup, dimension);
    const negatives = requireNegatives(setup, parameters.negatives);
    const [teacher] = setup.teachers;
    if (!teacher) {
      throw new Error('The trainer prepares crd only with a teacher.');
    }
    const tapOf = ({ info }: Network, layer: string | undefined, role: 'student' | 'teacher') =>
      featureTap(info, layer ?? defaultFeatures(setup, info), role);
    const sides = {
      student: makeSide(setup, 'student', tapOf(setup.student, studentLayer, 'student'), dimension),
      teacher: makeSide(setup, 'teacher', tapOf(teacher, teacherLayer, 'teacher'), dimension),
    };
    return {
      ...prepareSides(sides, parameters, negatives),
      draw: (random, facts) => drawNegatives(random, facts, setup.samples, negatives),
    };
  },
} satisfies Method<Options>;
