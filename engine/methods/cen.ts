import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { batchNorm } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { exchangeChannels, exchangeSparsity, type Stream } from '../losses/channelExchange';
import { crossEntropy } from '../losses/crossEntropy';
import type { Outputs } from '../models/network';
import { auxiliaryBranch, type Branch } from './branch';
import { openCohort, peerCrossEntropies, type Cohort } from './cohort';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { stageTaps, type StageTap } from './stageTaps';

const options = z.strictObject({
  method: z.literal('cen'),
  ...lossKeys,
  threshold: z
    .number()
    .positive()
    .default(0.02)
    .describe('A channel whose normalisation has a smaller scale is replaced by the other network’s.'),
  sparsity: z
    .number()
    .min(0)
    .default(2e-4)
    .describe('Weight of the sum of scales that may fall: larger, and more channels are exchanged.'),
});
type Options = z.infer<typeof options>;

/** Where two networks meet: each with a normalisation of its own, then one classifier for both. */
interface Meeting {
  tap: StageTap;
  norms: [Module, Module];
  branch: Branch;
}

const build = (setup: Setup, taps: readonly StageTap[]): Meeting[] => {
  const last = (taps.at(-1) as StageTap).shape;
  return taps.map((tap) => {
    const [random, channels] = [setup.random(tap.name), tap.shape[2]];
    return {
      tap,
      norms: [batchNorm(channels, `${tap.name}/0`), batchNorm(channels, `${tap.name}/1`)],
      branch: auxiliaryBranch(tap.shape, last, setup.classes, random, `${tap.name}/branch`),
    };
  });
};

const scaleOf = (norm: Module, name: string): tf.Variable => norm.variables.get(name) as tf.Variable;

const streamsOf = ({ tap, norms }: Meeting, outputs: readonly Outputs[]): [Stream, Stream] => {
  const stream = (which: 0 | 1): Stream => ({
    features: norms[which].apply((outputs[which] as Outputs).tap(tap.name), true),
    scale: scaleOf(norms[which], `${tap.name}/${which}/gamma`),
  });
  return [stream(0), stream(1)];
};

const lossesOf = (
  meetings: readonly Meeting[],
  cohort: Cohort,
  step: Step,
  { threshold, sparsity }: Options,
): Record<string, tf.Scalar> => {
  const outputs = cohort.outputs(step);
  const terms = meetings.map((meeting) => {
    const [one, other] = streamsOf(meeting, outputs);
    const { branch } = meeting;
    const logits = exchangeChannels(one, other, threshold).map((map) =>
      branch.logits(branch.features(map.relu(), true)),
    );
    const classified = tf.addN(logits.map((own) => crossEntropy(own, step.batch.labels)));
    return { name: meeting.tap.name, classified, scales: exchangeSparsity(one.scale, other.scale) };
  });
  return {
    ...Object.fromEntries(terms.map(({ name, classified }) => [name, classified as tf.Scalar])),
    sparsity: tf.addN(terms.map(({ scales }) => scales)).mul(sparsity),
    ...peerCrossEntropies(cohort, step),
  };
};

/**
 * Channel exchange between two copies of the student. At the end of every stage each network's map passes a normalisation of
 * its own; where |γ| < 0.02 the channel is the other network's; ReLU; then one train-only classifier, the same for both, learns
 * from labels, and its gradient reaches both networks. 2e-4 · Σ |γ| presses on the first half of the one's channels and the
 * second half of the other's. The student's own cross-entropy is the recipe's `task`; the student, network 0, is exported.
 */
export const cen = {
  id: 'cen',
  title: 'Channel exchange (CEN)',
  summary:
    'Needs no teacher: two students lend each other the channels that one of them does not use; a fusion, not an imitation.',
  source: 'Wang et al., Deep Multimodal Fusion by Channel Exchanging (NeurIPS 2020), equations 4 to 6.',
  url: 'https://arxiv.org/abs/2011.05005',
  guide: {
    formula:
      'Σ over stages of CE of both exchanged maps + 2e-4 · Σ |γ|, channel c from the other network where |γc| < 0.02',
    needs: 'Labels, a convolutional student; no teacher.',
    cost: 'One more student, and at every stage two normalisations and a classifier, all dropped.',
    fails:
      'In short runs the scales hardly fall, so nothing is exchanged and it is training with classifiers at the stages. It is made for two kinds of input, such as colour and depth; here both networks see the same.',
    decisions: [
      'Exchange happens between maps at the ends of stages, before train-only classifiers: the exported student must work without the other network. In the paper the streams share their convolutions and stay together.',
      'The sum of scales counts once; the published code adds it once for every output.',
      'To see the unused channels of a trained network: retort channels MODEL.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    const taps = stageTaps(setup.student, 'cen');
    const meetings = build(setup, taps);
    const cohort = await openCohort(setup, 2);
    const parts = meetings.flatMap(({ norms, branch }) => [...norms, branch]);
    return {
      taps: { student: taps.map(({ name }) => name), teachers: [] },
      variables: new Map(parts.flatMap(({ variables }) => [...variables])),
      memory: new Map(parts.flatMap(({ statistics }) => [...(statistics ?? [])])),
      networks: cohort.peers,
      losses: (step) => lossesOf(meetings, cohort, step, parameters),
    };
  },
} satisfies Method<Options>;
