import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { constantWeights } from '../adapters/initial';
import { linear } from '../adapters/modules';
import { Failed } from '../contract/failure';
import { lossKeys } from '../contract/recipe';
import { lshfmLoss, type Hash } from '../losses/lshfm';
import type { Network } from '../models/network';
import { asVectors, featureTap, type FeatureTap } from './featureTap';
import type { Method, Prepared, Setup } from './method';

const layer = z.string().min(1).optional();
const options = z.strictObject({
  method: z.literal('lshfm'),
  ...lossKeys,
  planes: z.int().positive().default(2048).describe('Random hyperplanes whose sides are compared.'),
  studentLayer: layer.describe('The student’s features; without it, those its classifier reads.'),
  teacherLayer: layer.describe('The teacher’s features; without it, those its classifier reads.'),
});
type Options = z.infer<typeof options>;

/** Samples that the medians are taken over: enough to halve any distribution of features. */
const medianSamples = 16384;

/** Standard deviation of the weights of the teacher's classifier: its last matrix. */
const classifierDeviation = (teacher: Network): number => {
  const weights = [...teacher.trainable.values()].findLast((variable) => variable.rank === 2);
  if (!weights) {
    throw new Failed(
      'pairMismatch',
      `The teacher "${teacher.info.name}" has no dense layer, whose weights lshfm scales its hyperplanes by.`,
      'Use another method, such as fitnets or crd.',
    );
  }
  return tf.tidy(() => tf.moments(weights).variance.sqrt().dataSync()[0] as number);
};

const readFeatures = async (setup: Setup, teacher: Network, tap: FeatureTap): Promise<tf.Tensor2D> => {
  const parts: tf.Tensor2D[] = [];
  await setup.scan(medianSamples, (batch) => {
    const outputs = teacher.forward(batch.images, { taps: [tap.name], training: false });
    parts.push(tf.keep(asVectors(outputs.tap(tap.name)).clone()));
  });
  const features = tf.concat2d(parts, 0);
  tf.dispose(parts);
  return features;
};

/** The middle of the sorted values; of two middles the upper. Sorts in place. */
const median = (values: Float32Array): number => values.sort()[values.length >> 1] as number;

/** −median of features · plane, for every plane: each plane then has half of the samples on either side. */
const halvingOffsets = (features: tf.Tensor2D, planes: tf.Tensor2D): Float32Array => {
  const [count, total] = [features.shape[0], planes.shape[1]];
  const offsets = new Float32Array(total);
  const width = 64;
  for (let begin = 0; begin < total; begin += width) {
    const size = Math.min(width, total - begin);
    const rows = tf.tidy(() =>
      planes.slice([0, begin], [-1, size]).matMul(features, true, true).dataSync<'float32'>(),
    );
    for (let plane = 0; plane < size; plane++) {
      offsets[begin + plane] = -median(rows.slice(plane * count, (plane + 1) * count));
    }
  }
  return offsets;
};

/** Fixes the hyperplanes once the teacher is trained: the first thing that the student's stage does. */
const fixHash = async (
  setup: Setup,
  teacher: Network,
  tap: FeatureTap,
  hash: { planes: tf.Variable; offsets: tf.Variable },
) => {
  const deviation = classifierDeviation(teacher);
  const random = setup.random('planes');
  const values = Float32Array.from({ length: hash.planes.size }, () => deviation * random.normal());
  tf.tidy(() => hash.planes.assign(tf.tensor(values, hash.planes.shape)));
  const features = await readFeatures(setup, teacher, tap);
  tf.tidy(() =>
    hash.offsets.assign(tf.tensor1d(halvingOffsets(features, hash.planes as tf.Variable<tf.Rank.R2>))),
  );
  features.dispose();
};

export const lshfm = {
  id: 'lshfm',
  title: 'Feature mimicking (LSHFM)',
  summary:
    'Mimics the features before the classifier, direction before length; a strong choice without soft targets.',
  source: 'Wang, Ge and Wu, Distilling Knowledge by Mimicking Features (TPAMI 2021).',
  url: 'https://arxiv.org/abs/2011.01424',
  guide: {
    formula: 'mean (f̂s − ft)² + mean BCE(W · f̂s + b, [W · ft + b > 0])',
    needs: 'A teacher with a dense classifier, whose weights scale the hyperplanes; no labels.',
    cost: 'A linear embedding that is trained, and a fixed matrix of hyperplanes; the teacher passes over part of the data once.',
    fails: 'Where the teacher’s features are much wider than the student can follow.',
    decisions: [
      'Offsets are the negative medians over at most 16 384 training samples, measured when the student’s stage begins.',
      'The weight 6 is published for CIFAR-100, 5 for ImageNet.',
    ],
  },
  tasks: ['classification', 'detection'],
  needsTeacher: true,
  pairs: 'none',
  defaultWeight: 6,
  options,
  prepare: (setup: Setup, { planes, studentLayer, teacherLayer }: Options): Prepared => {
    const [teacher] = setup.teachers as [Network];
    const own = featureTap(setup.student.info, studentLayer, 'student');
    const its = featureTap(teacher.info, teacherLayer, 'teacher');
    const embedding = linear(own.size, its.size, setup.random('embedding'), 'embedding');
    const hash = {
      planes: constantWeights([its.size, planes], 0, false),
      offsets: constantWeights([planes], 0, false),
    };
    return {
      taps: { student: [own.name], teachers: [[its.name]] },
      variables: embedding.variables,
      memory: new Map(Object.entries(hash)),
      beforeEpoch: (epoch) => (epoch === 0 ? fixHash(setup, teacher, its, hash) : Promise.resolve()),
      losses: (step) => {
        const embedded = embedding.apply(asVectors(step.student().tap(own.name)), true) as tf.Tensor2D;
        return { '': lshfmLoss(embedded, asVectors(step.teacher().tap(its.name)), hash as unknown as Hash) };
      },
    };
  },
} satisfies Method<Options>;
