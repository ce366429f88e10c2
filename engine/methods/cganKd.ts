import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { lossKeys } from '../contract/recipe';
import { requireTarget } from '../data/batchTarget';
import { buildDensityRatio, ratioStage } from '../generators/densityRatio';
import { buildGan, drawNoise, ganMemory, ganStage, type Conditioning } from '../generators/gan';
import { ganOptions } from '../generators/ganOptions';
import { makeSamples, type Labelling } from '../generators/makeSamples';
import { crossEntropy } from '../losses/crossEntropy';
import { squaredError } from '../losses/regression';
import type { Network } from '../models/network';
import type { Random } from '../random';
import { featureTap } from './featureTap';
import type { MadeSamples, Method, Prepared, Setup, Step } from './method';

const options = z.strictObject({
  method: z.literal('cgan-kd'),
  ...lossKeys,
  samples: z
    .int()
    .positive()
    .optional()
    .describe('Generated samples to train on; without it, as many as the data has.'),
  share: z
    .number()
    .positive()
    .max(4)
    .default(1)
    .describe('Generated samples in a step, for each one of the data.'),
  keep: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe(
      'Share of the candidates, those the teacher agrees with, that is kept; without it, 0.9, and 0.7 for values.',
    ),
  ganEpochs: z.int().positive().default(40).describe('Epochs that the generator and its critic are trained.'),
  filterEpochs: z.int().positive().default(5).describe('Epochs that the density ratio is trained.'),
  ...ganOptions,
  labelNoise: z
    .number()
    .min(0)
    .optional()
    .describe(
      'Values are conditioned on with this much noise, in standard deviations; without it, by rule of thumb.',
    ),
  lambda: z.number().min(0).default(0.01).describe('Weight of the density ratio’s mean being 1.'),
  teacherLayer: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The features the density ratio is estimated on; without it, those the teacher’s classifier reads.',
    ),
});
type Options = z.infer<typeof options>;

/** What differs between classes and values. */
interface Kind {
  conditioning: Conditioning;
  labelling: Labelling;
  /** Beside the noise of a stage's step. */
  drawForStage(random: Random, size: number): Record<string, tf.Tensor>;
  /** Of generated samples. */
  loss(logits: tf.Tensor, targets: tf.Tensor2D): tf.Scalar;
}

const ofClasses = (classes: number): Kind => {
  const oneHot = (labels: tf.Tensor): tf.Tensor2D =>
    tf.oneHot(labels as tf.Tensor1D, classes).toFloat() as tf.Tensor2D;
  return {
    conditioning: { size: classes, of: ({ labels }) => oneHot(labels) },
    labelling: {
      draw: (random, size) =>
        tf.tensor1d(
          Int32Array.from({ length: size }, () => random.integer(classes)),
          'int32',
        ),
      ofBatch: ({ labels }) => labels,
      conditionOf: oneHot,
      disagreement: (logits, labels) =>
        oneHot(labels)
          .mul(tf.logSoftmax(logits as tf.Tensor2D))
          .sum(1)
          .neg() as tf.Tensor1D,
      adjusted: (logits) => logits.argMax(1),
      groups: (labels) => labels.dataSync<'int32'>().slice(),
    },
    drawForStage: () => ({}),
    loss: (logits, targets) => crossEntropy(logits, targets.flatten().toInt() as tf.Tensor1D),
  };
};

/** Silverman's rule for a normal density, of a standardised target. */
const thumb = (samples: number): number => 1.06 * samples ** -0.2;

const ofValues = (setup: Setup, noise: number): Kind => {
  const target = setup.targets?.values;
  const outputs = target?.shape[0] ?? 1;
  const normals = (random: Random, size: number): Float32Array =>
    Float32Array.from({ length: size * outputs }, () => noise * random.normal());
  return {
    conditioning: {
      size: outputs,
      of: ({ values }, { labelNoise }) => tf.add(values as tf.Tensor, labelNoise as tf.Tensor) as tf.Tensor2D,
    },
    labelling: {
      draw: (random, size) => {
        const drawn = normals(random, size);
        for (let row = 0; row < size; row++) {
          const sample = random.integer(setup.samples);
          for (let at = 0; at < outputs; at++)
            drawn[row * outputs + at] =
              (drawn[row * outputs + at] as number) + (target?.values[sample * outputs + at] ?? 0);
        }
        return tf.tensor2d(drawn, [size, outputs]);
      },
      ofBatch: (batch) => requireTarget(batch, 'values'),
      conditionOf: (labels) => labels as tf.Tensor2D,
      disagreement: (logits, labels) => logits.reshape(labels.shape).sub(labels).abs().mean(1) as tf.Tensor1D,
      adjusted: (logits) => logits.reshape([-1, outputs]),
      groups: (labels) => new Int32Array(labels.shape[0] ?? 0),
    },
    drawForStage: (random, size) => ({ labelNoise: tf.tensor2d(normals(random, size), [size, outputs]) }),
    loss: squaredError,
  };
};

/** `size` of the made samples at random, as tensors. */
const drawMade = (made: MadeSamples, shape: readonly number[], random: Random, size: number) => {
  const [picture, target] = [made.images.length / made.count, made.targets.length / made.count];
  const [images, targets] = [new Float32Array(size * picture), new Float32Array(size * target)];
  for (let row = 0; row < size; row++) {
    const at = random.integer(made.count);
    images.set(made.images.subarray(at * picture, (at + 1) * picture), row * picture);
    targets.set(made.targets.subarray(at * target, (at + 1) * target), row * target);
  }
  return { images: tf.tensor(images, [size, ...shape]), targets: tf.tensor2d(targets, [size, target]) };
};

/** What the student says of the generated samples, which stand behind the batch's. */
const ofMade = (step: Step): tf.Tensor => {
  const { logits } = step.student(step.view);
  return tf.slice(logits, [step.view.originals?.size ?? 0]);
};

const wantedSamples = (setup: Setup, { samples, keep }: Options) => ({
  count: samples ?? setup.samples,
  keep: keep ?? (setup.task === 'regression' ? 0.7 : 0.9),
});

const build = async (setup: Setup, parameters: Options) => {
  const kind =
    setup.task === 'regression'
      ? ofValues(setup, parameters.labelNoise ?? thumb(setup.samples))
      : ofClasses(setup.classes);
  const tap = featureTap((setup.teachers[0] as Network).info, parameters.teacherLayer, 'teacher');
  const gan = await buildGan(setup, 'cgan-kd', kind.conditioning, parameters);
  const ratio = buildDensityRatio(tap.size, kind.conditioning.size, setup.random('ratio'));
  return { kind, gan, ratio, tap };
};

/**
 * Knowledge distillation through samples of a conditional GAN. See the guide for what was decided.
 * Formulas: engine/losses/cganKd.ts; networks: engine/generators.
 */
export const cganKd = {
  id: 'cgan-kd',
  title: 'Generated samples (cGAN-KD)',
  summary:
    'Trains a generator on the data, lets the teacher filter and label what it makes, and trains the student on that as well: for when samples are few.',
  source:
    'Ding, Wang, Xu, Wang and Welch, Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and Regression (Expert Systems with Applications 2023).',
  url: 'https://arxiv.org/abs/2104.03164',
  guide: {
    formula:
      'CE(zs, argmax zt) or mean (ŷs − ŷt)² over generated samples that pass: accept with r/M, r the density ratio; drop the 1 − ρ that the teacher disagrees with most',
    needs:
      'A teacher, pictures of a fixed size with classes or values, and `task` beside it for the real samples.',
    cost: 'Two stages before the student’s, the GAN’s the longest; then one more pass of the student a step. The made samples are kept in the run folder, the networks dropped.',
    fails:
      'Where the GAN is poor: too few epochs, large or varied pictures. The teacher’s mistakes become labels.',
    decisions: [
      'Every step sees a batch of the data and beside it generated samples, as many as `share` says, in one pass: batch normalisation sees both, the other losses the data alone. The published code draws its batches from one set of both.',
      'The GAN is a small one with hinge losses, conditional batch normalisation and a projection discriminator under spectral norm; the published code takes a different large one for each data set.',
      'The density ratio reads the teacher’s features, not those of a network trained for it; its largest value is found for each class, and globally for values.',
      'A candidate that the teacher is further from than from any sample of the data is never kept: a poor generator then makes few samples instead of wrong ones.',
      'Values are conditioned on with noise of Silverman’s width, of which the published code has a hand-tuned one.',
      'The student starts from its own fresh weights instead of weights trained without distilling.',
    ],
  },
  tasks: ['classification', 'regression'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    const { kind, gan, ratio, tap } = await build(setup, parameters);
    const draw: NonNullable<Prepared['draw']> = (random, { size }) => ({
      noise: drawNoise(random, size, gan.latent),
      ...kind.drawForStage(random, size),
    });
    const { ganEpochs, ganRate, filterEpochs, lambda, share } = parameters;
    let made: MadeSamples | null = null;
    return {
      taps: { student: [], teachers: [] },
      memory: ganMemory(gan),
      stages: [
        ganStage(gan, { epochs: ganEpochs, learningRate: ganRate }, draw),
        ratioStage(ratio, gan, tap, { epochs: filterEpochs, lambda }, draw),
      ],
      samples: {
        make: () => {
          const teacher = setup.teachers[0] as Network;
          const maker = { gan, ratio, tap, teacher, labelling: kind.labelling, scan: setup.scan };
          return makeSamples(maker, wantedSamples(setup, parameters), setup.random('samples'));
        },
        use: (samples) => {
          made = samples;
        },
      },
      draw: (random, { size }) => {
        if (!made) throw new Error('The samples are drawn from before they were made.');
        return drawMade(made, setup.student.info.inputShape, random, Math.max(1, Math.round(share * size)));
      },
      view: ({ images }, drawn) => ({
        images: tf.concat([images, drawn.images as tf.Tensor]),
        originals: { begin: 0, size: images.shape[0] ?? 0 },
      }),
      losses: (step) => ({ '': kind.loss(ofMade(step), step.drawn.targets as tf.Tensor2D) }),
    };
  },
} satisfies Method<Options>;
