import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { batchNorm, linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { simregLoss } from '../losses/simreg';
import type { Random } from '../random';
import { asVectors, defaultFeatures, featureTap } from './featureTap';
import type { Method, Module, Prepared, Setup } from './method';

const layer = z.string().min(1).optional();
const options = z.strictObject({
  method: z.literal('simreg'),
  ...lossKeys,
  layers: z
    .union([z.literal(1), z.literal(2), z.literal(4)])
    .default(4)
    .describe('Linear layers of the train-only prediction head; between them the width doubles and returns.'),
  studentLayer: layer.describe('The student’s features; without it, those its classifier reads.'),
  teacherLayer: layer.describe('The teacher’s features; without it, those its classifier reads.'),
});
type Options = z.infer<typeof options>;

/**
 * The prediction head [N, size] to [N, outputs]: one linear layer; two with twice the width between; or four, widths
 * 2d, d, 2d, with batch normalisation and ReLU after the two wide ones.
 */
const predictor = (
  size: number,
  outputs: number,
  layers: 1 | 2 | 4,
  random: Random,
  name: string,
): Module => {
  const widths = { 1: [], 2: [2 * size], 4: [2 * size, size, 2 * size] }[layers];
  const sizes = [size, ...widths, outputs];
  const modules = sizes.slice(1).flatMap((to, index) => {
    const part = `${name}/${index}`;
    const from = sizes[index] as number;
    const wide = layers === 4 && to === 2 * size && index < widths.length;
    return [linear(from, to, random, part), ...(wide ? [batchNorm(to, part), relu] : [])];
  });
  return sequence(...modules);
};

export const simreg = {
  id: 'simreg',
  title: 'Feature regression (SimReg)',
  summary:
    'Predicts the direction of the teacher’s features through a deep train-only head; needs no labels.',
  source: 'Navaneet et al., SimReg (BMVC 2021).',
  url: 'https://arxiv.org/abs/2201.05131',
  guide: {
    formula: 'mean (2 − 2 · cos(g(fs), ft))',
    needs: 'A teacher, or several; no labels at all.',
    cost: 'A prediction head of four wide layers per teacher, trained along and dropped.',
    fails: 'With strong augmentation that differs between the two networks; here both see the same picture.',
    decisions: ['Teachers each have a head of their own, and their losses add.'],
  },
  tasks: ['classification', 'features'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, { layers, studentLayer, teacherLayer }: Options): Prepared => {
    const { info } = setup.student;
    const own = featureTap(info, studentLayer ?? defaultFeatures(setup, info), 'student');
    const heads = setup.teachers.map((teacher, which) => {
      const named = teacherLayer ?? defaultFeatures(setup, teacher.info);
      const tap = featureTap(teacher.info, named, 'teacher');
      const name = `head${which}`;
      return { tap, module: predictor(own.size, tap.size, layers, setup.random(name), name) };
    });
    return {
      taps: { student: [own.name], teachers: heads.map(({ tap }) => [tap.name]) },
      variables: new Map(heads.flatMap(({ module }) => [...module.variables])),
      memory: new Map(heads.flatMap(({ module }) => [...(module.statistics ?? [])])),
      losses: (step) => {
        const features = asVectors(step.student().tap(own.name));
        const terms = heads.map(({ tap, module }, which) =>
          simregLoss(
            module.apply(features, true) as tf.Tensor2D,
            asVectors(step.teacher(which).tap(tap.name)),
          ),
        );
        return { '': tf.addN(terms) };
      },
    };
  },
} satisfies Method<Options>;
