import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import { mutualLoss } from '../losses/dml';
import { jointLabels, turns } from '../losses/rotations';
import type { Outputs } from '../models/network';
import { auxiliaryBranch, type Branch } from './branch';
import { cohortSize, openCohort, type Cohort } from './cohort';
import type { Method, Prepared, Setup, Step } from './method';
import { requireSquare, rotatedView } from './rotatedView';
import { stageTaps, type StageTap } from './stageTaps';

const options = z.strictObject({
  method: z.literal('hsakd-online'),
  ...lossKeys,
  networks: cohortSize,
  temperature: z.number().positive().default(3).describe('Softens all distributions that are matched.'),
});
type Options = z.infer<typeof options>;

/** The classifiers of class and rotation of one network, stage by stage. */
const build = (setup: Setup, taps: readonly StageTap[], which: number): Branch[] => {
  const last = taps.at(-1) as StageTap;
  return taps.map(({ shape }, index) => {
    const name = `network${which}/stage${index}`;
    return auxiliaryBranch(shape, last.shape, setup.classes * turns, setup.random(name), name);
  });
};

/** The peers' cross-entropies on unturned pictures, read from their passes over all of them. */
const ownLosses = (
  cohort: Cohort,
  outputs: readonly Outputs[],
  { batch }: Step,
): Record<string, tf.Scalar> => {
  const size = batch.images.shape[0] as number;
  const names = [...cohort.peers.keys()];
  return Object.fromEntries(
    names.map((name, index) => {
      const { logits } = outputs[index + 1] as Outputs;
      return [name, crossEntropy(tf.slice(logits, [0], [size]), batch.labels)];
    }),
  );
};

const lossesOf = (
  cohort: Cohort,
  branches: readonly Branch[][],
  taps: readonly StageTap[],
  step: Step,
  temperature: number,
): Record<string, tf.Scalar> => {
  const outputs = cohort.outputs(step, step.view);
  const labels = jointLabels(step.batch.labels);
  const joint = taps.map(({ name }, stage) =>
    branches.map((own, which) => {
      const branch = own[stage] as Branch;
      return branch.logits(branch.features((outputs[which] as Outputs).tap(name), true));
    }),
  );
  const stages = taps.map(({ name }, stage) => [name, mutualLoss(joint[stage] as tf.Tensor[], temperature)]);
  return {
    joint: tf.addN(joint.flat().map((logits) => crossEntropy(logits, labels))),
    logits: mutualLoss(outputs.map(({ logits }) => logits), temperature), // prettier-ignore
    ...(Object.fromEntries(stages) as Record<string, tf.Scalar>),
    ...ownLosses(cohort, outputs, step),
  };
};

/**
 * HSAKD without a teacher: a cohort of copies of the student, each with a classifier of class and rotation (4K outputs, joint
 * label 4y + r) at the end of every stage. Over the four rotations of every picture each network learns the joint labels by
 * cross-entropy (`joint`) and imitates the others' logits and joint logits, stage by stage, T² · KL_T with T 3, the target a
 * constant; cross-entropy on unturned pictures trains the peers, and the student by the recipe's `task`. The student, network
 * 0, is exported, and the classifiers dropped.
 *
 * Decided here: with more than two networks each imitates the mean divergence from the others; branches are a few strided
 * convolutions, one even on the last map, instead of copies of the remaining stages.
 */
export const hsakdOnline = {
  id: 'hsakd-online',
  title: 'Self-supervised stages, online (HSAKD)',
  summary:
    'Needs no teacher: students teach each other, at every stage, class and rotation; four pictures for each, times students.',
  source: 'Yang et al., Hierarchical Self-supervised Augmented Knowledge Distillation (IJCAI 2021).',
  url: 'https://arxiv.org/abs/2107.13715',
  guide: {
    formula:
      'Σ CE of the joint logits of class and rotation + T² · KL between networks at every stage and at the end',
    needs: 'Labels and square pictures; no teacher.',
    cost: 'Four pictures for each one, times the number of students.',
    fails: 'Where turning a picture changes what it is, as for digits and letters.',
    decisions: [
      'With more than two networks each imitates the mean divergence from the others.',
      'Classifiers are a few strided convolutions, not copies of the remaining stages.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, { networks, temperature }: Options): Promise<Prepared> => {
    requireSquare(setup, 'hsakd-online');
    const taps = stageTaps(setup.student, 'hsakd-online');
    const cohort = await openCohort(setup, networks);
    const branches = Array.from({ length: networks }, (_, which) => build(setup, taps, which));
    return {
      taps: { student: taps.map(({ name }) => name), teachers: [] },
      variables: new Map(branches.flat().flatMap(({ variables }) => [...variables])),
      memory: new Map(branches.flat().flatMap(({ statistics }) => [...(statistics ?? [])])),
      networks: cohort.peers,
      view: rotatedView,
      losses: (step) => lossesOf(cohort, branches, taps, step, temperature),
    };
  },
} satisfies Method<Options>;
