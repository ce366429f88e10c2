import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { isMap } from '../adapters/build';
import { Failed } from '../contract/failure';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import { kdLoss } from '../losses/kd';
import { jointLabels, turns } from '../losses/rotations';
import type { Network, Outputs } from '../models/network';
import { withoutTape } from '../models/tape';
import { auxiliaryBranch, type Branch } from './branch';
import { matchPairs, requireMaps, type MatchedPair } from './matchedPairs';
import type { Method, MethodStage, PairNeeds, Prepared, Setup, Step } from './method';
import { requireSquare, rotatedView } from './rotatedView';

const options = z.strictObject({
  method: z.literal('hsakd'),
  ...lossKeys,
  temperature: z.number().positive().default(3).describe('Softens all distributions that are matched.'),
  headEpochs: z
    .int()
    .positive()
    .optional()
    .describe('Epochs that the teacher’s classifiers are trained first; without it, as many as the student.'),
  backbone: z
    .enum(['frozen', 'trained'])
    .default('frozen')
    .describe('Whether the teacher itself is trained on with its classifiers, from labels and rotations.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

/** A pair of maps with a classifier of class and rotation on either side. */
interface Stage {
  match: MatchedPair;
  student: Branch;
  teacher: Branch;
}

type Side = 'student' | 'teacher';

const build = (setup: Setup): Stage[] => {
  const matches = matchPairs(setup, needs);
  const branch = (side: Side, match: MatchedPair): Branch => {
    const shapes = matches.flatMap(({ pair }) => {
      const shape = pair[`${side}Shape`];
      return isMap(shape) ? [shape] : [];
    });
    const [shape, last] = [shapes[matches.indexOf(match)], shapes.at(-1)];
    if (!shape || !last) throw new Error('hsakd is built on maps only.');
    const name = `${side}/${match.name}`;
    return auxiliaryBranch(shape, last, setup.classes * turns, setup.random(name), name);
  };
  return matches.map((match) => ({
    match,
    student: branch('student', match),
    teacher: branch('teacher', match),
  }));
};

/** The logits [4N, 4K] of a stage's classifier. */
const judge = (branch: Branch, map: tf.Tensor, training: boolean): tf.Tensor2D =>
  branch.logits(branch.features(map, training));

const prefixed = (prefix: string, variables: ReadonlyMap<string, tf.Variable>): [string, tf.Variable][] =>
  [...variables].map(([name, variable]) => [`${prefix}/${name}`, variable]);

const variablesOf = (branches: readonly Branch[]): Map<string, tf.Variable> =>
  new Map(branches.flatMap(({ variables }) => [...variables]));

/** The classifiers' cross-entropies with the joint labels, by the teacher's layers. */
const headLosses = (stages: readonly Stage[], step: Step, teacher: Outputs): Record<string, tf.Scalar> => {
  const labels = jointLabels(step.batch.labels);
  return Object.fromEntries(
    stages.map(({ match, teacher: branch }) => [
      match.pair.teacher,
      crossEntropy(judge(branch, teacher.tap(match.pair.teacher), true), labels),
    ]),
  );
};

/** Trains the teacher's classifiers on its frozen maps. */
const headStage = (stages: readonly Stage[], epochs: number): MethodStage => ({
  name: 'heads',
  training: { epochs },
  variables: variablesOf(stages.map(({ teacher }) => teacher)),
  losses: (step: Step) => headLosses(stages, step, step.teacher(0, step.view)),
});

/** Trains them together with the teacher, which learns from unturned pictures as well. */
const backboneStage = (stages: readonly Stage[], epochs: number, teacher: Network): MethodStage => {
  if (teacher.trainable.size === 0)
    throw new Failed(
      'modelUnsupported',
      `The teacher ${teacher.info.name} is a frozen ${teacher.info.format} file, which cannot be trained.`,
      'Set "backbone" to "frozen", or take a teacher that can be trained.',
    );
  const taps = stages.map(({ match }) => match.pair.teacher);
  return {
    name: 'heads',
    training: { epochs },
    variables: new Map([
      ...variablesOf(stages.map((stage) => stage.teacher)),
      ...prefixed('backbone', teacher.trainable),
    ]),
    losses: (step: Step) => {
      const outputs = teacher.forward(step.view.images, { taps, training: true });
      const size = step.batch.images.shape[0] as number;
      const own = crossEntropy(tf.slice(outputs.logits, [0], [size]), step.batch.labels);
      return { logits: own, ...headLosses(stages, step, outputs) };
    },
    changesTeacher: true,
  };
};

const lossesOf = (stages: readonly Stage[], step: Step, temperature: number): Record<string, tf.Scalar> => {
  const [student, teacher] = [step.student(step.view), step.teacher(0, step.view)];
  const joint = stages.map(({ match, student: own, teacher: its }) => {
    const target = withoutTape(() => judge(its, teacher.tap(match.pair.teacher), false));
    return [match.name, kdLoss(judge(own, student.tap(match.pair.student), true), target, temperature)];
  });
  return {
    logits: kdLoss(student.logits, teacher.logits, temperature),
    ...(Object.fromEntries(joint) as Record<string, tf.Scalar>),
  };
};

/**
 * Hierarchical self-supervised augmented knowledge distillation, offline: every picture is turned four ways, and every
 * matched stage of both networks gets a classifier of class and rotation together, 4K outputs, joint label 4y + r. First,
 * in a stage of its own, the teacher's classifiers are trained by cross-entropy on its frozen maps. Then over all 4N pictures
 * T² · KL_T(zt ‖ zs) + Σ_stages T² · KL_T(qt ‖ qs); the student's cross-entropy on unturned pictures is the recipe's `task`.
 * All classifiers beside the student's own are dropped.
 *
 * T 3 and weights 1 are those of the code. Decided here: stages are the matched pairs, not the stages of equal number;
 * branches are a few strided convolutions, one even on the last map, instead of copies of the remaining stages; the classifiers are trained for as many epochs
 * as the student, with its settings. `backbone` "trained" is the authors' other form, HSAKD*.
 */
export const hsakd = {
  id: 'hsakd',
  title: 'Self-supervised stages (HSAKD)',
  summary:
    'Teaches at every stage which class a picture has and how it is turned; strong, at four pictures for each one.',
  source: 'Yang et al., Hierarchical Self-supervised Augmented Knowledge Distillation (IJCAI 2021).',
  url: 'https://arxiv.org/abs/2107.13715',
  guide: {
    formula:
      'Σ over stages of T² · KL_T(qt ‖ qs) + T² · KL_T(zt ‖ zs) over four rotations, q the 4K joint logits of class and rotation',
    needs: 'A teacher, square pictures, pairs of feature maps, and labels.',
    cost: 'Four pictures for each one, classifiers on both networks, and a stage that trains the teacher’s first.',
    fails: 'Where turning a picture changes what it is, as for digits and letters, or leaves it as it is.',
    decisions: [
      'Stages are the matched pairs, not the stages of equal number.',
      'Classifiers are a few strided convolutions, not copies of the remaining stages, which cannot be cut out of any network.',
      'With `backbone` “trained” the first stage trains the teacher as well, the form that the authors mark with a star.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: true,
  pairs: 'features',
  needs,
  defaultWeight: 1,
  options,
  prepare: (setup: Setup, { temperature, headEpochs, backbone }: Options): Prepared => {
    requireSquare(setup, 'hsakd');
    requireMaps(setup, 'hsakd', 'classifiers on feature maps');
    const stages = build(setup);
    const students = stages.map(({ student }) => student);
    const epochs = headEpochs ?? setup.epochs;
    const teacher = setup.teachers[0] as Network;
    const isTrained = backbone === 'trained';
    const branches = [...students, ...stages.map(({ teacher }) => teacher)];
    return {
      taps: {
        student: stages.map(({ match }) => match.pair.student),
        teachers: [stages.map(({ match }) => match.pair.teacher)],
      },
      variables: variablesOf(students),
      memory: new Map([
        ...branches.flatMap(({ statistics }) => [...(statistics ?? [])]),
        ...(isTrained ? prefixed('backbone', teacher.statistics) : []),
      ]),
      adapters: stages.map(({ match: { pair, adapter } }) => ({ pair, adapter })),
      stages: [isTrained ? backboneStage(stages, epochs, teacher) : headStage(stages, epochs)],
      view: rotatedView,
      losses: (step) => lossesOf(stages, step, temperature),
    };
  },
} satisfies Method<Options>;
