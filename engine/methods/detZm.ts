import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { conv, linear } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { attentiveDistance, distance } from '../losses/detectionImitation';
import { resizeToTeacher } from '../losses/resample';
import { matchPairs, requireMaps, type MatchedPair } from './matchedPairs';
import type { Method, Module, PairNeeds, Prepared, Setup, Step } from './method';
import { nonLocal } from './nonLocal';

const weight = z.number().min(0);
const options = z.strictObject({
  method: z.literal('det-zm'),
  ...lossKeys,
  features: weight.default(7e-5).describe('Weight of the features where both networks look.'),
  channels: weight.default(4e-3).describe('Weight of the channels’ means.'),
  positions: weight.default(4e-3).describe('Weight of the means over channels.'),
  relations: weight.default(7e-5).describe('Weight of what positions make of one another.'),
  temperature: z
    .number()
    .positive()
    .default(0.5)
    .describe('Softens the attention: smaller, and fewer positions count.'),
  channelMask: z.boolean().default(true).describe('Whether features are also weighed by channel.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'same', sizes: 'resized', connector: 'conv1x1' };

/** The train-only parts of one pair beside its adapter. */
interface Parts {
  match: MatchedPair;
  channel: Module;
  position: Module;
  relation: Module;
  student: Module;
  teacher: Module;
}

type Shape = readonly [number, number, number];

const build = (setup: Setup): Parts[] =>
  matchPairs(setup, needs).map((match) => {
    const { pair, name } = match;
    const [own, its] = [pair.studentShape, pair.teacherShape] as unknown as [Shape, Shape];
    const random = setup.random(`attention/${name}`);
    const resized: Shape = [its[0], its[1], own[2]];
    return {
      match,
      channel: linear(own[2], its[2], random, `${name}/channel`),
      position: conv(1, 1, { size: 3, kind: 'same' }, random, `${name}/position`),
      relation: conv(own[2], its[2], { size: 1, kind: 'same' }, random, `${name}/relation`),
      student: nonLocal(resized, random, `${name}/student`),
      teacher: nonLocal(its, random, `${name}/teacher`),
    };
  });

const modulesOf = ({ match, channel, position, relation, student, teacher }: Parts): Module[] => [
  match.adapter,
  channel,
  position,
  relation,
  student,
  teacher,
];

const pairLoss = (parts: Parts, step: Step, parameters: Options): tf.Scalar => {
  const { pair, adapter } = parts.match;
  const its = step.teacher().tap(pair.teacher) as tf.Tensor4D;
  const own = resizeToTeacher(step.student().tap(pair.student), its) as tf.Tensor4D;
  const { temperature, channelMask } = parameters;
  const adapted = adapter.apply(own, true) as tf.Tensor4D;
  const terms = [
    attentiveDistance(own, adapted, its, { temperature, channels: channelMask }).mul(parameters.features),
    distance(parts.channel.apply(own.mean([1, 2]), true), its.mean([1, 2])).mul(parameters.channels),
    distance(parts.position.apply(own.mean(3, true), true), its.mean(3, true)).mul(parameters.positions),
    distance(parts.relation.apply(parts.student.apply(own, true), true), parts.teacher.apply(its, true)).mul(
      parameters.relations,
    ),
  ];
  return tf.addN(terms).asScalar();
};

/**
 * Zhang and Ma's feature-based distillation for detectors. Each pair: 7e-5 · ‖√M ⊙ (A(Fs) − Ft)‖₂, M the attention of both
 * networks; 4e-3 · ‖·‖₂ of the means over positions and of the means over channels; 7e-5 · ‖·‖₂ of both maps after a residual
 * non-local block of their own. Norms are neither squared nor averaged, so weights hold for one size of picture and batch.
 */
export const detZm = {
  id: 'det-zm',
  title: 'Attention and relations (Zhang and Ma)',
  summary:
    'Regresses features where either network looks, and what positions make of one another; made for detectors.',
  source:
    'Zhang and Ma, Improve Object Detection with Feature-based Knowledge Distillation (ICLR 2021), equations 5 to 8.',
  url: 'https://openreview.net/forum?id=uKhGRvM8QNH',
  guide: {
    formula:
      '7e-5 · ‖√M ⊙ (A(Fs) − Ft)‖₂ + 4e-3 · ‖ΔGAP‖₂ + 4e-3 · ‖Δ mean over channels‖₂ + 7e-5 · ‖A(R(Fs)) − R(Ft)‖₂',
    needs: 'A teacher, and pairs of feature maps; no labels and no boxes.',
    cost: 'Four adapters and two non-local blocks a pair, all dropped; the blocks compare every position with every other.',
    fails:
      'At other sizes of picture or batch than those its weights were tuned for: norms grow with both. Watch its share of the gradient.',
    decisions: [
      'The student’s attention is read before its adapter. Masks are constants, averaged over both networks.',
      'The mask stands under the root, and channels weigh in as in the paper; one common library computes their mask and does not use it.',
      'The teacher’s non-local block is trained too, as published. The temperature is 0.5; copies for single-stage detectors use 0.1.',
      'Positions of the non-local block’s keys are pooled by 2 where a map has four or more in each direction.',
    ],
  },
  tasks: ['detection', 'classification', 'segmentation'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  needs,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireMaps(setup, 'det-zm', 'positions and channels of maps');
    const all = build(setup);
    const modules = all.flatMap(modulesOf);
    return {
      taps: {
        student: all.map(({ match }) => match.pair.student),
        teachers: [all.map(({ match }) => match.pair.teacher)],
      },
      variables: new Map(modules.flatMap(({ variables }) => [...variables])),
      memory: new Map(modules.flatMap(({ statistics }) => [...(statistics ?? [])])),
      adapters: all.map(({ match: { pair, adapter } }) => ({ pair, adapter })),
      losses: (step) =>
        Object.fromEntries(all.map((parts) => [parts.match.name, pairLoss(parts, step, parameters)])),
    };
  },
} satisfies Method<Options>;
