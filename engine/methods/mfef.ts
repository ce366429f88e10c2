import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { batchNorm, conv, linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { crossEntropy } from '../losses/crossEntropy';
import { fusedDistillation } from '../losses/mfef';
import type { Outputs } from '../models/network';
import { cohortSize, openCohort, peerCrossEntropies, type Cohort } from './cohort';
import { asVectors } from './featureTap';
import type { Method, Module, Prepared, Setup, Step } from './method';
import { multiScale, scaledWidth } from './multiScale';
import { stageTaps, type StageTap } from './stageTaps';

const options = z.strictObject({
  method: z.literal('mfef'),
  ...lossKeys,
  networks: cohortSize,
  scales: z.int().min(2).max(8).default(4).describe('Parts that the channels of a map are split into.'),
  temperature: z.number().positive().default(3).describe('Softens the distributions that are matched.'),
});
type Options = z.infer<typeof options>;

/** Every network's map made multi-scale, fused, and classified. */
interface Fusion {
  scales: Module[];
  fuse: Module;
  classify: Module;
}

const build = (setup: Setup, channels: number, { networks, scales }: Options): Fusion => {
  const width = scaledWidth(channels, scales);
  const random = setup.random('fusion');
  return {
    scales: Array.from({ length: networks }, (_, which) =>
      multiScale(channels, scales, setup.random(`scales${which}`), `scales${which}`),
    ),
    fuse: sequence(
      conv(width * networks, width, { size: 1, kind: 'same' }, random, 'fuse'),
      batchNorm(width, 'fuse'),
      relu,
    ),
    classify: linear(width, setup.classes, random, 'fused'),
  };
};

const fusedLogits = (
  { scales, fuse, classify }: Fusion,
  outputs: readonly Outputs[],
  tap: string,
): tf.Tensor => {
  const maps = scales.map((module, which) => module.apply((outputs[which] as Outputs).tap(tap), true));
  return classify.apply(asVectors(fuse.apply(tf.concat(maps, 3), true)), true);
};

const lossesOf = (
  fusion: Fusion,
  cohort: Cohort,
  tap: string,
  step: Step,
  temperature: number,
): Record<string, tf.Scalar> => {
  const outputs = cohort.outputs(step);
  const fused = fusedLogits(fusion, outputs, tap);
  return {
    soft: fusedDistillation(outputs.map(({ logits }) => logits), fused, temperature), // prettier-ignore
    fused: crossEntropy(fused, step.batch.labels),
    ...peerCrossEntropies(cohort, step),
  };
};

/**
 * Multi-scale feature extraction and fusion: a cohort of copies of the student, whose last maps are fused into one
 * classifier that teaches them all. Each map goes through a 1x1 convolution, a hierarchy of 3x3 convolutions over four parts
 * of its channels, and channel and spatial attention; side by side, fused by a 1x1 convolution, averaged and classified they
 * give zf. Σₘ CE(zₘ, y) + CE(zf, y) + T² Σₘ KL_T(zf ‖ zₘ), T 3, zf a constant in the last; the student's own
 * cross-entropy is the recipe's `task`. The student, network 0, is exported, and the fusion dropped.
 *
 * The paper has been published without code, and only its abstract was to be had: the parts are those that it names
 * (multi-scale extraction by splitting and joining channels, dual attention, fusion); their inner form and all weights are
 * decided here, after Res2Net (four parts, each added to the next), squeeze and excitation (reduction 4) and the spatial gate
 * of CBAM (7x7). Channels that four does not divide are rounded up by the first convolution.
 */
export const mfef = {
  id: 'mfef',
  title: 'Fused multi-scale features (MFEF)',
  summary:
    'Needs no teacher: several students learn from a classifier on their fused features; our reading of a paper without code.',
  source: 'Zou et al., Multi-scale Feature Extraction and Fusion for Online Knowledge Distillation (2022).',
  url: 'https://arxiv.org/abs/2206.08224',
  guide: {
    formula: 'Σ CE(zₘ, y) + CE(zf, y) + T² Σ KL_T(zf ‖ zₘ), zf the logits of the fused features',
    needs: 'Labels, a convolutional student; no teacher.',
    cost: 'One more student for every network, and a fusion with attention that is dropped.',
    fails:
      'The paper came without code and its text was not to be had: take it as an idea, not as a reproduction.',
    decisions: [
      'Only the abstract’s parts are the paper’s: splitting and joining channels, dual attention, fusion. Their inner form follows Res2Net, squeeze and excitation, and CBAM; all weights are ours.',
    ],
  },
  tasks: ['classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    const map = stageTaps(setup.student, 'mfef').at(-1) as StageTap;
    const cohort = await openCohort(setup, parameters.networks);
    const fusion = build(setup, map.shape[2], parameters);
    const parts = [...fusion.scales, fusion.fuse, fusion.classify];
    return {
      taps: { student: [map.name], teachers: [] },
      variables: new Map(parts.flatMap(({ variables }) => [...variables])),
      memory: new Map(parts.flatMap(({ statistics }) => [...(statistics ?? [])])),
      networks: cohort.peers,
      losses: (step) => lossesOf(fusion, cohort, map.name, step, parameters.temperature),
    };
  },
} satisfies Method<Options>;
