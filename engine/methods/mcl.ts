import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { mclLoss, similarities, type MclTerms } from '../losses/mcl';
import { l2Normalize } from '../losses/normalize';
import type { Outputs } from '../models/network';
import { cohortSize, openCohort, peerCrossEntropies, requirePairsOfClass } from './cohort';
import { asVectors, featureTap } from './featureTap';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { pairedOrder } from './pairedOrder';

const options = z.strictObject({
  method: z.literal('mcl'),
  ...lossKeys,
  networks: cohortSize,
  dimension: z.int().positive().default(128).describe('Length of the embeddings that are compared.'),
  temperature: z.number().positive().default(0.1).describe('Divides the similarities.'),
  softTemperature: z
    .number()
    .positive()
    .default(3)
    .describe('Softens the similarity distributions that the networks exchange.'),
  contrast: z.number().min(0).default(0.1).describe('Weight of both contrasts by class.'),
  soft: z.number().min(0).default(1).describe('Weight of both exchanges of distributions.'),
  studentLayer: z
    .string()
    .min(1)
    .optional()
    .describe('The features that are embedded; without it, those the classifier reads.'),
});
type Options = z.infer<typeof options>;

const head = (setup: Setup, size: number, dimension: number, which: number): Module => {
  const name = `head${which}`;
  const random = setup.random(name);
  return sequence(
    linear(size, dimension, random, `${name}/hidden`),
    relu,
    linear(dimension, dimension, random, `${name}/out`),
  );
};

/** Weighted terms summed over every two networks. */
const contrasts = (
  embeddings: readonly tf.Tensor2D[],
  step: Step,
  parameters: Options,
): Record<string, tf.Scalar> => {
  const { temperature, softTemperature, contrast, soft } = parameters;
  const pairs = embeddings.flatMap((a, which) =>
    embeddings
      .slice(which + 1)
      .map((b) => mclLoss(similarities(a, b, temperature), step.batch.labels, softTemperature)),
  );
  const total = (term: keyof MclTerms, weight: number): tf.Scalar =>
    tf.addN(pairs.map((pair) => pair[term])).mul(weight);
  return {
    vcl: total('vcl', contrast),
    softVcl: total('softVcl', soft),
    icl: total('icl', contrast),
    softIcl: total('softIcl', soft),
  };
};

/**
 * Mutual contrastive learning: a cohort of copies of the student learns together from labels and from each other, by
 * 0.1 · VCL + softVCL + 0.1 · ICL + softICL over embeddings (linear, ReLU, linear, unit length), and the cross-entropy of
 * every peer. The student's own cross-entropy is the recipe's `task`. The student, network 0, is exported.
 *
 * Defaults are those of the CIFAR code: τ 0.1, T 3, embeddings of 128. The batch is composed so that each sample meets
 * one of its class. Decided here: with more than two networks every unordered pair counts once, as in the published code;
 * the target side of the soft terms is a constant; one sample that is alone in its class counts 0. The memory banks of the
 * ImageNet form are left out.
 */
export const mcl = {
  id: 'mcl',
  title: 'Mutual contrastive learning (MCL)',
  summary:
    'Needs no teacher: several students learn together and share which samples they find alike; costs one student each.',
  source: 'Yang et al., Mutual Contrastive Learning for Visual Representation Learning (AAAI 2022).',
  url: 'https://arxiv.org/abs/2104.12565',
  guide: {
    formula:
      '0.1 · VCL + softVCL + 0.1 · ICL + softICL over embeddings of two networks, and the peers’ cross-entropy',
    needs: 'Labels, at least two samples of a class in a batch; no teacher.',
    cost: 'One more student for every network, and heads that are dropped.',
    fails: 'With many classes and small batches there are few samples of one class to contrast.',
    decisions: [
      'The order of samples is composed so that each meets one of its class; a sample that is alone counts 0.',
      'With more than two networks every unordered pair counts once. The memories of the ImageNet form are left out.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    requirePairsOfClass(setup, 'mcl');
    const tap = featureTap(setup.student.info, parameters.studentLayer, 'student');
    const cohort = await openCohort(setup, parameters.networks);
    const heads = Array.from({ length: parameters.networks }, (_, which) =>
      head(setup, tap.size, parameters.dimension, which),
    );
    const embed = (outputs: Outputs, which: number): tf.Tensor2D => {
      const module = heads[which] as Module;
      return l2Normalize(module.apply(asVectors(outputs.tap(tap.name)), true)) as tf.Tensor2D;
    };
    return {
      taps: { student: [tap.name], teachers: [] },
      variables: new Map(heads.flatMap(({ variables }) => [...variables])),
      networks: cohort.peers,
      order: (random) => pairedOrder(setup.labels, random),
      losses: (step) => {
        const outputs = cohort.outputs(step);
        return { ...contrasts(outputs.map(embed), step, parameters), ...peerCrossEntropies(cohort, step) };
      },
    };
  },
} satisfies Method<Options>;
