import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { kdLoss } from '../losses/kd';
import { originLoss, ranksOf, structureLoss, teachingRows, transformedSimilarities } from '../losses/sskd';
import type { Network, Outputs } from '../models/network';
import { withoutTape } from '../models/tape';
import { asVectors, featureTap, type FeatureTap } from './featureTap';
import type { Method, MethodStage, Module, Prepared, Setup, Step } from './method';
import { requireSquare, rotatedView } from './rotatedView';

const weight = z.number().min(0);
const layer = z.string().min(1).optional();
const options = z.strictObject({
  method: z.literal('sskd'),
  ...lossKeys,
  normal: weight
    .default(0.9)
    .describe('Weight of soft targets on pictures as they are; 0 where the recipe has kd as well.'),
  transformed: weight.default(2.7).describe('Weight of soft targets on turned pictures.'),
  structure: weight.default(10).describe('Weight of the similarities of turned pictures to the others.'),
  temperature: z.number().positive().default(4).describe('Softens the class probabilities.'),
  structureTemperature: z.number().positive().default(0.5).describe('Divides the similarities.'),
  ratio: z
    .number()
    .min(0)
    .max(1)
    .default(0.75)
    .describe('Share of the turned pictures the teacher misplaces that count all the same, the best first.'),
  headEpochs: z
    .int()
    .positive()
    .optional()
    .describe('Epochs that the teacher’s head is trained first; without it, a quarter of the student’s.'),
  teacherLayer: layer.describe('The teacher’s features; without it, those its classifier reads.'),
  studentLayer: layer.describe('The student’s features; without it, those its classifier reads.'),
});
type Options = z.infer<typeof options>;

/** A network's features and the head that embeds them. */
interface Side {
  tap: FeatureTap;
  head: Module;
}

const makeSide = (setup: Setup, network: Network, named: string | undefined, role: 'student' | 'teacher') => {
  const tap = featureTap(network.info, named, role);
  const random = setup.random(role);
  const head = sequence(
    linear(tap.size, tap.size, random, `${role}/hidden`),
    relu,
    linear(tap.size, tap.size, random, `${role}/out`),
  );
  return { tap, head };
};

const similaritiesOf = ({ tap, head }: Side, outputs: Outputs): tf.Tensor2D =>
  transformedSimilarities(head.apply(asVectors(outputs.tap(tap.name)), true) as tf.Tensor2D);

/** Trains the teacher's head on its frozen features to find where each turned picture comes from. */
const headStage = (teacher: Side, epochs: number): MethodStage => ({
  name: 'head',
  training: { epochs },
  variables: teacher.head.variables,
  losses: (step: Step) => ({ '': originLoss(similaritiesOf(teacher, step.teacher(0, step.view))) }),
});

/** Soft targets on untouched pictures (the first quarter) and on turned ones. */
const softTargets = (student: tf.Tensor, teacher: tf.Tensor, temperature: number) => {
  const count = (student.shape[0] as number) / 4;
  const part = (begin: number, size: number): tf.Scalar =>
    kdLoss(tf.slice(student, [begin], [size]), tf.slice(teacher, [begin], [size]), temperature);
  return { normal: part(0, count), transformed: part(count, 3 * count) };
};

/**
 * Knowledge distillation meets self-supervision: a head on the teacher's features (linear, ReLU, linear, of their width) first
 * learns in a stage of its own, the teacher frozen, to find the picture that a turned one comes from. Then
 * 0.9 · KD + 2.7 · TF + 10 · SS: soft targets at T 4 on pictures as they are and on turned ones, and
 * T² · KL (T 0.5) between the teacher's and the student's cosines of every turned picture to the batch's untouched ones, over
 * the rows that the teacher ranks right and the best 75 % of the others. With the published 0.1 · cross-entropy as `task`.
 *
 * Decided here: the transformations are the rotations by 90, 180 and 270 degrees of the picture as it was augmented (the code
 * crops each copy anew); all rows count in TF, as the code's ratio of 1 has it; the teacher's head is trained with the
 * student's settings for a quarter of its epochs (60 of 240 in the code).
 */
export const sskd = {
  id: 'sskd',
  title: 'Distillation meets self-supervision (SSKD)',
  summary:
    'Adds which pictures the teacher finds alike once they are turned; robust to few labels, at four pictures for each one.',
  source: 'Xu, Liu, Li and Loy, Knowledge Distillation Meets Self-Supervision (ECCV 2020).',
  url: 'https://arxiv.org/abs/2006.07114',
  guide: {
    formula:
      '0.9 · KD + 2.7 · KD on turned pictures + 10 · T² · KL of the cosines of turned pictures to the others',
    needs: 'A teacher, square pictures, and labels for the `task` loss beside it.',
    cost: 'Four pictures for each one, a head on both networks, and a stage that trains the teacher’s first.',
    fails:
      'Where turning a picture changes what it is, and with small batches: a turned picture is compared with the others of its batch.',
    decisions: [
      'Transformations are the rotations of the picture as it was augmented; the code crops each copy anew.',
      'The teacher’s head is trained for a quarter of the student’s epochs (60 of 240 in the code).',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireSquare(setup, 'sskd');
    const student = makeSide(setup, setup.student, parameters.studentLayer, 'student');
    const teacher = makeSide(setup, setup.teachers[0] as Network, parameters.teacherLayer, 'teacher');
    const { temperature, structureTemperature, ratio } = parameters;
    return {
      taps: { student: [student.tap.name], teachers: [[teacher.tap.name]] },
      variables: student.head.variables,
      stages: [headStage(teacher, parameters.headEpochs ?? Math.ceil(setup.epochs / 4))],
      view: rotatedView,
      losses: (step) => {
        const [own, its] = [step.student(step.view), step.teacher(0, step.view)];
        const { normal, transformed } = softTargets(own.logits, its.logits, temperature);
        const target = withoutTape(() => similaritiesOf(teacher, its));
        const rows = teachingRows(ranksOf(target), ratio);
        const structure = structureLoss(similaritiesOf(student, own), target, structureTemperature, rows);
        return {
          normal: normal.mul(parameters.normal),
          transformed: transformed.mul(parameters.transformed),
          structure: structure.mul(parameters.structure),
        };
      },
    };
  },
} satisfies Method<Options>;
