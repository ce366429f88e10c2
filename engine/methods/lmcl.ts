import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import { detach } from '../losses/gradient';
import { kdLoss } from '../losses/kd';
import { agreement, mclLoss, similarities, type MclTerms } from '../losses/mcl';
import { l2Normalize } from '../losses/normalize';
import type { Outputs } from '../models/network';
import { auxiliaryBranch, type Branch } from './branch';
import { cohortSize, openCohort, requirePairsOfClass } from './cohort';
import { asVectors } from './featureTap';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { pairedOrder } from './pairedOrder';
import { stageTaps, type StageTap } from './stageTaps';

const options = z.strictObject({
  method: z.literal('lmcl'),
  ...lossKeys,
  networks: cohortSize,
  dimension: z.int().positive().default(128).describe('Length of the embeddings that are compared.'),
  temperature: z.number().positive().default(0.1).describe('Divides the similarities.'),
  softTemperature: z.number().positive().default(3).describe('Softens all distributions that are exchanged.'),
  contrast: z.number().min(0).default(0.1).describe('Weight of both contrasts by class.'),
  soft: z.number().min(0).default(1).describe('Weight of both exchanges of similarity distributions.'),
  matching: z
    .enum(['fixed', 'learned'])
    .default('fixed')
    .describe('How much two stages teach each other: one half, or a learnt share for every sample.'),
});
type Options = z.infer<typeof options>;

/** The train-only parts of one stage of one network. */
interface Stage {
  tap: StageTap;
  /** Null for the last stage, which the network classifies itself. */
  branch: Branch | null;
  head: Module;
  /** What its features are compared with other stages' by, where that is learnt. */
  projection: Module | null;
}

/** The train-only parts of one network. */
interface Member {
  stages: Stage[];
  /** All stages' features, side by side, to each stage's share of the aggregated logits. */
  shares: Module;
}

const buildStage = (
  setup: Setup,
  tap: StageTap,
  last: StageTap,
  name: string,
  parameters: Options,
): Stage => {
  const random = setup.random(name);
  const [channels, { dimension, matching }] = [last.shape[2], parameters];
  const branch =
    tap === last ? null : auxiliaryBranch(tap.shape, last.shape, setup.classes, random, `${name}/branch`);
  const head = sequence(
    linear(channels, dimension, random, `${name}/hidden`),
    relu,
    linear(dimension, dimension, random, `${name}/out`),
  );
  const projection =
    matching === 'learned' ? linear(channels, dimension, random, `${name}/projection`) : null;
  return { tap, branch, head, projection };
};

const buildMember = (setup: Setup, taps: readonly StageTap[], which: number, parameters: Options): Member => {
  const last = taps.at(-1) as StageTap;
  const name = `network${which}`;
  return {
    stages: taps.map((tap, index) => buildStage(setup, tap, last, `${name}/stage${index}`, parameters)),
    shares: linear(last.shape[2] * taps.length, taps.length, setup.random(name), `${name}/shares`),
  };
};

const partsOf = ({ stages, shares }: Member) => [
  ...stages.flatMap(({ branch, head, projection }) =>
    [branch, head, projection].filter((part) => part !== null),
  ),
  shares,
];

/** One network in one step: what each stage sees and says, and what they say together. */
interface Voice {
  embeddings: tf.Tensor2D[];
  /** What stages are matched by. */
  projections: (tf.Tensor2D | null)[];
  logits: tf.Tensor2D[];
  /** [N, K] */
  aggregated: tf.Tensor;
}

const hear = ({ stages, shares }: Member, outputs: Outputs): Voice => {
  const maps = stages.map(
    ({ tap, branch }) => branch?.features(outputs.tap(tap.name), true) ?? outputs.tap(tap.name),
  );
  const features = maps.map(asVectors);
  const through = (module: Module, index: number): tf.Tensor2D =>
    module.apply(features[index] as tf.Tensor2D, true) as tf.Tensor2D;
  const logits = stages.map(({ branch }, index) =>
    branch ? branch.logits(maps[index] as tf.Tensor4D) : (outputs.logits as tf.Tensor2D),
  );
  const weights = tf.softmax(shares.apply(tf.concat(features, 1), true)).expandDims(2);
  return {
    embeddings: stages.map(({ head }, index) => l2Normalize(through(head, index)) as tf.Tensor2D),
    projections: stages.map(({ projection }, index) => projection && through(projection, index)),
    logits,
    aggregated: tf.stack(logits, 1).mul(weights).sum(1),
  };
};

/** Every stage of one network with every stage of the other. */
const contrastPair = (a: Voice, b: Voice, labels: tf.Tensor1D, parameters: Options): MclTerms[] => {
  const { temperature, softTemperature } = parameters;
  return a.embeddings.flatMap((own, k) =>
    b.embeddings.map((other, z) => {
      const [p, q] = [a.projections[k], b.projections[z]];
      const weights = p && q ? agreement(p, q) : tf.fill<tf.Rank.R1>([own.shape[0]], 0.5);
      return mclLoss(similarities(own, other, temperature), labels, softTemperature, weights);
    }),
  );
};

const lossesOf = (voices: readonly Voice[], step: Step, parameters: Options): Record<string, tf.Scalar> => {
  const { contrast, soft, softTemperature } = parameters;
  const { labels } = step.batch;
  const pairs = voices.flatMap((a, which) =>
    voices.slice(which + 1).flatMap((b) => contrastPair(a, b, labels, parameters)),
  );
  const both = (term: keyof MclTerms, weight: number): tf.Scalar =>
    tf.addN(pairs.map((pair) => pair[term])).mul(2 * weight);
  const final = voices.map(({ logits }) => logits.at(-1) as tf.Tensor2D);
  const spoken = voices.flatMap(({ logits, aggregated }) => [...logits, aggregated]);
  const targets = voices.map(({ aggregated }) => detach(aggregated));
  return {
    vcl: both('vcl', contrast),
    softVcl: both('softVcl', soft),
    icl: both('icl', contrast),
    softIcl: both('softIcl', soft),
    labels: tf.addN(
      spoken.filter((logits) => logits !== final[0]).map((logits) => crossEntropy(logits, labels)),
    ),
    aggregated: tf.addN(
      final.flatMap((own) => targets.map((target) => kdLoss(own, target, softTemperature))),
    ),
  };
};

/**
 * Layer-wise mutual contrastive learning: as mcl, but every stage of a network is contrasted with every stage of the other
 * networks, each pair of stages with a weight for each sample. Every stage has a classifier, and each network an aggregator
 * that adds its stages' logits by shares made of all their features; cross-entropy trains all of them (`labels`), and every
 * network's own logits learn from the aggregated logits of all (`aggregated`, T² KL). The student's own cross-entropy is the
 * recipe's `task`. The student, network 0, is exported, and the rest dropped.
 *
 * Defaults are those of mcl. As the published code goes over ordered pairs, every pair counts twice. Decided here: the weight
 * of two stages is one half, or with `matching: learned` σ(cos) of linear maps that are trained by the loss itself, which the
 * code instead trains by differentiating through several training steps; auxiliary branches are strided convolutions instead
 * of copies of the remaining stages.
 */
export const lmcl = {
  id: 'lmcl',
  title: 'Layer-wise mutual learning (L-MCL)',
  summary:
    'Needs no teacher: as MCL, with every stage of one student against every stage of the others; slower.',
  source:
    'Yang et al., Online Knowledge Distillation via Mutual Contrastive Learning for Visual Recognition (TPAMI 2023).',
  url: 'https://arxiv.org/abs/2207.11518',
  guide: {
    formula:
      'Σ over pairs of networks and of their stages of the MCL terms, weighted by sample, and T² · KL from the aggregated logits of all',
    needs: 'Labels, at least two samples of a class in a batch, a student with stages; no teacher.',
    cost: 'One more student for every network, classifiers and heads at every stage, and stages squared contrasts.',
    fails: 'On small students: the train-only parts may outweigh them.',
    decisions: [
      'The published weights between stages are learnt through an unrolled optimizer; here by plain gradient, or fixed at one half.',
      'Every unordered pair of networks counts once; the published loop counts it twice.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    requirePairsOfClass(setup, 'lmcl');
    const taps = stageTaps(setup.student, 'lmcl');
    const cohort = await openCohort(setup, parameters.networks);
    const members = Array.from({ length: parameters.networks }, (_, which) =>
      buildMember(setup, taps, which, parameters),
    );
    const parts = members.flatMap(partsOf);
    return {
      taps: { student: taps.map(({ name }) => name), teachers: [] },
      variables: new Map(parts.flatMap(({ variables }) => [...variables])),
      memory: new Map(parts.flatMap(({ statistics }) => [...(statistics ?? [])])),
      networks: cohort.peers,
      order: (random) => pairedOrder(setup.labels, random),
      losses: (step) => {
        const outputs = cohort.outputs(step);
        const voices = members.map((member, which) => hear(member, outputs[which] as Outputs));
        return lossesOf(voices, step, parameters);
      },
    };
  },
} satisfies Method<Options>;
