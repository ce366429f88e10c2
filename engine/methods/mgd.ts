import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { solveAssignment } from '../adapters/assignment';
import { mismatch } from '../adapters/build';
import { constantWeights } from '../adapters/initial';
import { batchNorm } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import {
  matchingCost,
  normalMargins,
  partialDistance,
  reduceTeacher,
  type ChannelChoice,
  type ChannelReduction,
} from '../losses/mgd';
import { resizeToTeacher } from '../losses/resample';
import type { Network } from '../models/network';
import type { Random } from '../random';
import { matchPairs, requireMaps, type MatchedPair } from './matchedPairs';
import type { Method, Module, PairNeeds, Prepared, Setup, Step } from './method';

const options = z.strictObject({
  method: z.literal('mgd'),
  ...lossKeys,
  reduction: z
    .enum(['absolute', 'maximum', 'random', 'sparse'])
    .default('absolute')
    .describe(
      'How the teacher channels of one student channel become one: the value farthest from zero, the largest, one at random, or (`sparse`) only the nearest channel is matched.',
    ),
  every: z.int().positive().default(1).describe('Epochs between two matchings.'),
  samples: z
    .int()
    .positive()
    .default(2048)
    .describe('Training samples on which channels are compared for the matching.'),
});
type Options = z.infer<typeof options>;

const needs: PairNeeds = { channels: 'any', sizes: 'resized' };

/** Divides the summed distance, as the published code does. */
const publishedScale = 1e4;

/** One pair of layers, and which of the teacher's channels belong to which of the student's. */
interface Matching {
  match: MatchedPair;
  /** On the student's channels. */
  norm: Module;
  /** Teacher channels [R, C] of each of the student's C, as numbers in float32. */
  groups: tf.Variable;
  /** [Ct] */
  margins: tf.Variable;
  /** 1 / 2^(layers that are deeper) */
  share: number;
}

const channelsOf = (shape: readonly number[]): number => shape[2] as number;

const build = (setup: Setup, { reduction }: Options): Matching[] => {
  const matches = matchPairs(setup, needs);
  return matches.map((match, index) => {
    if (match.adapter.kind !== 'none')
      throw mismatch(
        match.pair,
        'mgd assigns channels instead of adapting them',
        'Set its adapter to "none".',
      );
    const [own, its] = [channelsOf(match.pair.studentShape), channelsOf(match.pair.teacherShape)];
    if (its < own)
      throw mismatch(
        match.pair,
        'mgd gives every student channel at least one of the teacher’s, and the teacher has fewer',
        'Pair a teacher layer with as many channels or more.',
      );
    const parts = reduction === 'sparse' ? 1 : Math.floor(its / own);
    const first = Float32Array.from({ length: parts * own }, (_, at) => at);
    return {
      match,
      norm: batchNorm(own, match.name),
      groups: tf.tidy(() => tf.variable(tf.tensor2d(first, [parts, own]), false)),
      margins: constantWeights([its], 0, false),
      share: 1 / 2 ** (matches.length - 1 - index),
    };
  });
};

/** Sums over a scan of the data, for one pair. */
interface Seen {
  cost: tf.Tensor;
  /** [Ct]: sum and number of negative values. */
  negatives: tf.Tensor;
  count: tf.Tensor;
}

const look = (setup: Setup, { match }: Matching, images: tf.Tensor): Seen => {
  const { pair } = match;
  const pass = (network: Network, tap: string) =>
    network.forward(images, { taps: [tap], training: false }).tap(tap);
  const teacher = pass(setup.teachers[0] as Network, pair.teacher) as tf.Tensor4D;
  const student = resizeToTeacher(pass(setup.student, pair.student), teacher) as tf.Tensor4D;
  return {
    cost: matchingCost(student, teacher).mul(images.shape[0] as number),
    negatives: teacher.minimum(0).sum([0, 1, 2]),
    count: teacher.less(0).toFloat().sum([0, 1, 2]),
  };
};

/** Looks at `samples` training samples, and adds up what was seen of every pair. */
const scanPairs = async (setup: Setup, matchings: readonly Matching[], samples: number): Promise<Seen[]> => {
  let totals: Seen[] | null = null;
  await setup.scan(samples, ({ images }) => {
    const seen = matchings.map((matching) => look(setup, matching, images));
    const before = totals;
    totals = seen.map((one, index) => {
      const old = before?.[index];
      const add = (key: keyof Seen) => tf.keep(old ? one[key].add(old[key]) : one[key].clone());
      return { cost: add('cost'), negatives: add('negatives'), count: add('count') };
    });
    for (const old of before ?? []) tf.dispose([old.cost, old.negatives, old.count]);
  });
  return totals ?? [];
};

/** The margins that batch normalisation implies, where the teacher's layer is one; else null. */
const impliedMargins = (teacher: Network, layer: string): Float32Array | null => {
  const info = teacher.info.layers.find(({ name }) => name === layer);
  const [gamma, beta] = ['gamma', 'beta'].map((part) => teacher.trainable.get(`${layer}/${part}`));
  if (info?.kind !== 'BatchNormalization' || !gamma || !beta) return null;
  return normalMargins(gamma.dataSync<'float32'>(), beta.dataSync<'float32'>());
};

/** Every student channel as many times as it has teacher channels, each with one of its own; [parts, own], sorted. */
const assign = (cost: Float32Array, parts: number, own: number, its: number): Float32Array => {
  const values = new Float32Array(parts * own * its);
  for (let part = 0; part < parts; part++) values.set(cost, part * own * its);
  const columns = solveAssignment({ rows: parts * own, columns: its, values });
  const groups = new Float32Array(parts * own);
  for (let channel = 0; channel < own; channel++) {
    const group = columns.filter((_, row) => row % own === channel).sort();
    group.forEach((column, part) => (groups[part * own + channel] = column));
  }
  return groups;
};

const rematch = async (setup: Setup, matchings: readonly Matching[], samples: number): Promise<void> => {
  const seen = await scanPairs(setup, matchings, samples);
  for (const [index, { match, groups, margins }] of matchings.entries()) {
    const { cost, negatives, count } = seen[index] as Seen;
    const [parts, own] = groups.shape as [number, number];
    const columns = assign(cost.dataSync<'float32'>(), parts, own, margins.size);
    const implied = impliedMargins(setup.teachers[0] as Network, match.pair.teacher);
    tf.tidy(() => {
      groups.assign(tf.tensor2d(columns, [parts, own]));
      margins.assign(implied ? tf.tensor1d(implied) : negatives.div(count.maximum(1)));
    });
    tf.dispose([cost, negatives, count]);
  }
};

/** One of R at random for each of C channels and P positions: one-hot [R, C, P]. */
const drawOne = (random: Random, parts: number, channels: number, positions: number): tf.Tensor3D => {
  const [values, each] = [new Float32Array(parts * channels * positions), channels * positions];
  for (let at = 0; at < each; at++) values[random.integer(parts) * each + at] = 1;
  return tf.tensor3d(values, [parts, channels, positions]);
};

const drawChoices = (matchings: readonly Matching[], random: Random, batch: number) =>
  Object.fromEntries(
    matchings.flatMap(({ match, groups }): [string, tf.Tensor][] => {
      const [parts, channels] = groups.shape as [number, number];
      const [height, width] = match.pair.teacherShape as [number, number];
      return [
        [`${match.name}/values`, drawOne(random, parts, channels, batch * height * width)],
        [`${match.name}/margins`, drawOne(random, parts, channels, 1).reshape([parts, channels])],
      ];
    }),
  );

const pairLoss = (matching: Matching, step: Step, reduction: ChannelReduction): tf.Scalar => {
  const { match, norm, groups, margins, share } = matching;
  const { pair, adapter, name } = match;
  const teacher = step.teacher().tap(pair.teacher) as tf.Tensor4D;
  const adapted = adapter.apply(step.student().tap(pair.student), true);
  const student = resizeToTeacher(norm.apply(adapted, true), teacher) as tf.Tensor4D;
  const choice = { values: step.drawn[`${name}/values`], margins: step.drawn[`${name}/margins`] };
  const reduced = reduceTeacher(
    teacher,
    margins as tf.Variable<tf.Rank.R1>,
    groups.toInt() as tf.Tensor2D,
    reduction,
    choice as ChannelChoice,
  );
  const scale = share / (publishedScale * (teacher.shape[0] as number));
  return partialDistance(student, reduced).mul(scale);
};

export const mgd = {
  id: 'mgd',
  title: 'Matching guided distillation (MGD)',
  summary:
    'Gives every student channel its own teacher channels, the cheapest way overall, and compares with those: no learned adapter.',
  source: 'Yue, Deng and Zhou, Matching Guided Distillation (ECCV 2020).',
  url: 'https://arxiv.org/abs/2008.09958',
  guide: {
    formula:
      'Σ over pairs of 1 / (2^depth · N · 10⁴) · Σ (s − t′)² where s > t′ or t′ > 0, t′ = max(reduced t, margin)',
    needs:
      'A teacher with as many channels as the student or more in each pair; no labels. Best on layers before their activation.',
    cost: 'A normalisation per pair; before an epoch both networks pass over some data, and an assignment is solved, whose time grows with the cube of the channels.',
    fails:
      'Before the student has learnt anything the first matching is arbitrary. After an activation, as layers are proposed, the margins say nothing.',
    decisions: [
      'The masked generative method of the same initials is another one.',
      'Where the teacher’s layer is a batch normalisation its scale and offset give the margins, as published; else they are the mean of the negative values that the samples show.',
      'Channels that are left over after an even division stay without a partner, whichever fit worst; the published code drops the last.',
      'The assignment is solved on the costs themselves, not on costs rounded to whole numbers.',
    ],
  },
  tasks: ['classification', 'segmentation', 'detection', 'regression', 'features'],
  needsTeacher: true,
  pairs: 'features',
  defaultWeight: 1,
  needs,
  options,
  prepare: (setup: Setup, parameters: Options): Prepared => {
    requireMaps(setup, 'mgd', 'channels of maps');
    const matchings = build(setup, parameters);
    const { reduction, every, samples } = parameters;
    const isRandom = reduction === 'random';
    const parts = matchings.flatMap(({ match, norm }) => [match.adapter, norm]);
    return {
      taps: {
        student: matchings.map(({ match }) => match.pair.student),
        teachers: [matchings.map(({ match }) => match.pair.teacher)],
      },
      variables: new Map(parts.flatMap(({ variables }) => [...variables])),
      memory: new Map([
        ...parts.flatMap(({ statistics }) => [...(statistics ?? [])]),
        ...matchings.flatMap(({ match, groups, margins }): [string, tf.Variable][] => [
          [`${match.name}/groups`, groups],
          [`${match.name}/margins`, margins],
        ]),
      ]),
      adapters: matchings.map(({ match: { pair, adapter } }) => ({ pair, adapter })),
      ...(isRandom
        ? { draw: (random, { size }) => tf.tidy(() => drawChoices(matchings, random, size)) }
        : {}),
      beforeEpoch: async (epoch) => {
        if (epoch % every === 0) await rematch(setup, matchings, samples);
      },
      losses: (step) =>
        Object.fromEntries(
          matchings.map((matching) => [
            matching.match.name,
            pairLoss(matching, step, reduction === 'sparse' ? 'absolute' : reduction),
          ]),
        ),
    };
  },
} satisfies Method<Options>;
