import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { batchNorm, linear, relu, sequence } from '../adapters/modules';
import { lossKeys } from '../contract/recipe';
import { buildGan, drawNoise, ganMemory, ganStage, type Conditioning, type Gan } from '../generators/gan';
import { ganOptions } from '../generators/ganOptions';
import { covarianceLoss, invarianceLoss, varianceLoss } from '../losses/vicreg';
import type { Random } from '../random';
import { asVectors, defaultFeatures, featureTap } from './featureTap';
import type { Method, Module, Prepared, Setup, Step, View } from './method';

const weight = z.number().min(0);
const options = z.strictObject({
  method: z.literal('sns'),
  ...lossKeys,
  share: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      'Weight of the generated pictures’ terms, and how many there are for one of the data; the rest is the data’s.',
    ),
  invariance: weight.default(25).describe('Weight of the distance between two embeddings of one picture.'),
  variance: weight.default(25).describe('Weight of every embedded dimension keeping a deviation of 1.'),
  covariance: weight.default(1).describe('Weight of no two dimensions telling the same.'),
  dimension: z
    .int()
    .min(2)
    .default(256)
    .describe('Length of the embeddings that are compared; 2048 in the source.'),
  smallest: z
    .number()
    .positive()
    .max(1)
    .default(0.5)
    .describe('Side of the smallest crop that the second view of a picture may show.'),
  flip: z.boolean().default(false).describe('Mirror the second view, half of the time.'),
  ganEpochs: z
    .int()
    .positive()
    .default(40)
    .describe('Epochs that the generator and its critic are trained first.'),
  ...ganOptions,
  studentLayer: z
    .string()
    .min(1)
    .optional()
    .describe('The student’s features; without it, those that its task is about.'),
});
type Options = z.infer<typeof options>;

/** Every generated picture comes from the same distribution. */
const unconditional: Conditioning = {
  size: 1,
  of: ({ indices }) => tf.ones([indices.shape[0], 1]),
};

/** Linear, batch normalisation and ReLU twice, then linear. */
const projector = (size: number, dimension: number, random: Random, name: string): Module =>
  sequence(
    linear(size, dimension, random, `${name}/0`),
    batchNorm(dimension, `${name}/0`),
    relu,
    linear(dimension, dimension, random, `${name}/1`),
    batchNorm(dimension, `${name}/1`),
    relu,
    linear(dimension, dimension, random, `${name}/2`),
  );

/** The generator's maps to one embedding: a linear map of each one's mean, summed, then a projector. */
const squeezeNet = (gan: Gan, dimension: number, random: Random) => {
  const laterals = gan.generator.widths.map((width, which) =>
    linear(width, dimension, random, `lateral${which}`),
  );
  const head = sequence(
    batchNorm(dimension, 'sum'),
    relu,
    projector(dimension, dimension, random, 'squeeze'),
  );
  return {
    variables: new Map([...laterals.flatMap(({ variables }) => [...variables]), ...head.variables]),
    statistics: head.statistics ?? new Map<string, tf.Variable>(),
    apply: (maps: readonly tf.Tensor4D[]): tf.Tensor2D => {
      const sides = maps.map((map, which) => (laterals[which] as Module).apply(map.mean([1, 2]), true));
      return head.apply(tf.addN(sides), true) as tf.Tensor2D;
    },
  };
};

/** Where the second view of each picture lies, [N, 4] as shares: top, left, bottom, right; a mirrored one runs backwards. */
const drawCrops = (random: Random, size: number, { smallest, flip }: Options): tf.Tensor2D => {
  const boxes = Array.from({ length: size }, () => {
    const side = smallest + (1 - smallest) * random.uniform();
    const [top, left] = [(1 - side) * random.uniform(), (1 - side) * random.uniform()];
    const isMirrored = random.uniform() < 0.5 && flip;
    const columns = isMirrored ? [left + side, left] : [left, left + side];
    return [top, columns[0] as number, top + side, columns[1] as number];
  });
  return tf.tensor2d(boxes, [size, 4]);
};

/** How many generated pictures go with a batch: two at least, for a variance. */
const generatedFor = (size: number, share: number): number => Math.max(2, Math.round(size * share));

const cropped = (images: tf.Tensor4D, crops: tf.Tensor2D): tf.Tensor4D => {
  const [count, height, width] = images.shape;
  return tf.image.cropAndResize(images, crops, tf.range(0, count, 1, 'int32'), [height, width]);
};

/** Generated pictures, the batch as it is, and the batch in other crops; the generator's maps are kept with the view. */
const makeView = (gan: Gan, maps: WeakMap<View, readonly tf.Tensor4D[]>): NonNullable<Prepared['view']> => {
  return ({ images }, { noise, crops }) => {
    const z = noise as tf.Tensor2D;
    const made = gan.generator.apply(z, tf.ones([z.shape[0], 1]), false);
    const real = images as tf.Tensor4D;
    const parts = [gan.toRaw(made.pictures) as tf.Tensor4D, real, cropped(real, crops as tf.Tensor2D)];
    const view = { images: tf.concat(parts), originals: { begin: z.shape[0], size: real.shape[0] } };
    maps.set(view, made.maps);
    return view;
  };
};

const lossesOf = (embedded: tf.Tensor2D, squeezed: tf.Tensor2D, step: Step, parameters: Options) => {
  const { share, invariance, variance, covariance } = parameters;
  const { begin, size } = step.view.originals as { begin: number; size: number };
  const rows = (from: number, count: number) => tf.slice(embedded, [from], [count]);
  const [span, first, second] = [rows(0, begin), rows(begin, size), rows(begin + size, size)];
  const spread = (...all: tf.Tensor2D[]): tf.Tensor =>
    tf.addN(all.flatMap((one) => [varianceLoss(one).mul(variance), covarianceLoss(one).mul(covariance)]));
  const generated = invarianceLoss(squeezed, span).mul(invariance).add(spread(span));
  const real = invarianceLoss(first, second).mul(invariance).add(spread(first, second));
  return { generated: generated.mul(share).asScalar(), real: real.mul(1 - share).asScalar() };
};

/**
 * Self-supervised learning from a GAN's generator: engine/losses/vicreg.ts has the terms, the guide what was decided.
 */
export const sns = {
  id: 'sns',
  title: 'Squeeze and span (features of a generator)',
  summary:
    'Learns features without labels: from what a generator knows of the pictures that it makes, and from two views of real ones.',
  source: 'Yang et al., Distilling Representations from GAN Generator via Squeeze and Span (NeurIPS 2022).',
  url: 'https://arxiv.org/abs/2211.03000',
  guide: {
    formula:
      'share · (25 · mean (zg − zf)² + 25 · V(zf) + C(zf)) + (1 − share) · (25 · mean (z1 − z2)² + 25 · (V(z1) + V(z2)) + C(z1) + C(z2)); V: mean relu(1 − deviation), C: squared covariances over the dimension',
    needs: 'Pictures of a fixed size; no labels and no teacher.',
    cost: 'A GAN is trained first, in a stage of its own, the longest part; then the student sees two and a half pictures for one. Generator, squeeze net and projectors are dropped.',
    fails: 'Where the GAN is poor, and with small batches: variances and covariances are the batch’s.',
    decisions: [
      'As in the published code, the generated pictures’ variance and covariance are those of the student alone, and the squeeze net learns along.',
      'The generator is a small GAN that the run trains; the source takes a large pretrained one.',
      'The generator’s maps are averaged over positions before their lateral maps; the projector has three layers instead of five.',
      'The second view of a real picture is a random crop of the first, brought back to its size.',
    ],
  },
  tasks: ['features', 'classification'],
  needsTeacher: false,
  pairs: 'none',
  defaultWeight: 1,
  options,
  prepare: async (setup: Setup, parameters: Options): Promise<Prepared> => {
    const { info } = setup.student;
    const tap = featureTap(info, parameters.studentLayer ?? defaultFeatures(setup, info), 'student');
    const gan = await buildGan(setup, 'sns', unconditional, parameters);
    const squeeze = squeezeNet(gan, parameters.dimension, setup.random('squeeze'));
    const project = projector(tap.size, parameters.dimension, setup.random('projector'), 'projector');
    const maps = new WeakMap<View, readonly tf.Tensor4D[]>();
    const { ganEpochs, ganRate, latent, share } = parameters;
    return {
      taps: { student: [tap.name], teachers: [] },
      variables: new Map([...squeeze.variables, ...project.variables]),
      memory: new Map([...ganMemory(gan), ...squeeze.statistics, ...(project.statistics ?? [])]),
      stages: [
        ganStage(gan, { epochs: ganEpochs, learningRate: ganRate }, (random, { size }) => ({
          noise: drawNoise(random, size, latent),
        })),
      ],
      draw: (random, { size }) => ({
        noise: drawNoise(random, generatedFor(size, share), latent),
        crops: drawCrops(random, size, parameters),
      }),
      view: makeView(gan, maps),
      losses: (step) => {
        const features = asVectors(step.student(step.view).tap(tap.name));
        const embedded = project.apply(features, true) as tf.Tensor2D;
        return lossesOf(embedded, squeeze.apply(maps.get(step.view) ?? []), step, parameters);
      },
    };
  },
} satisfies Method<Options>;
