import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { Batch } from '../data/dataset';
import { adversarialLoss, hingeLoss } from '../losses/ho';
import type { MethodStage, Opponent, Prepared, Setup, Shown, Step, View } from '../methods/method';
import type { Random } from '../random';
import { buildDiscriminator, type Discriminator } from './discriminator';
import { buildGenerator, type Generated, type Generator } from './generator';

/** What a generated picture is conditioned on: [N, K]. */
export interface Conditioning {
  size: number;
  of(
    batch: Pick<Batch, 'labels' | 'values' | 'indices'>,
    drawn: Readonly<Record<string, tf.Tensor>>,
  ): tf.Tensor2D;
}

/** A generator and its discriminator for the pictures of one data set. */
export interface Gan {
  generator: Generator;
  discriminator: Discriminator;
  latent: number;
  conditioning: Conditioning;
  /** −1 to 1 becomes the data's raw values. */
  toRaw(pictures: tf.Tensor): tf.Tensor;
  fromRaw(images: tf.Tensor): tf.Tensor4D;
  /** Whether the data's raw values are whole numbers of a byte. */
  isBytes: boolean;
}

export interface GanOptions {
  latent: number;
  width: number;
}

/** Samples whose raw values are looked at. */
const scanned = 1024;

interface Range {
  low: number;
  high: number;
  isBytes: boolean;
}

const rangeOf = async (setup: Setup): Promise<Range> => {
  const range: Range = { low: Infinity, high: -Infinity, isBytes: true };
  await setup.scan(scanned, ({ images }) => {
    for (const value of images.dataSync<'float32'>()) {
      range.low = Math.min(range.low, value);
      range.high = Math.max(range.high, value);
      range.isBytes &&= value === Math.round(value);
    }
  });
  range.isBytes &&= range.low >= 0 && range.high <= 255 && range.high > 1;
  return range.high > range.low ? range : { ...range, high: range.low + 1 };
};

const requirePictures = (setup: Setup, method: string): readonly [number, number, number] => {
  const [height, width, channels, ...rest] = setup.student.info.inputShape;
  const fits = height && width && channels && rest.length === 0 && Math.min(height, width) >= 4;
  if (fits) return [height, width, channels];
  throw new Failed(
    'recipeInvalid',
    `The method ${method} generates pictures, and the student takes samples of [${setup.student.info.inputShape.join(', ')}].`,
    'Use it with a network for pictures of a fixed size, or choose another method.',
  );
};

/** Builds both networks for the data of a run. Throws `Failed` (recipeInvalid) where its samples are no pictures. */
export const buildGan = async (
  setup: Setup,
  method: string,
  conditioning: Conditioning,
  { latent, width }: GanOptions,
): Promise<Gan> => {
  const shape = requirePictures(setup, method);
  const { low, high, isBytes } = await rangeOf(setup);
  const sizes = { shape, latent, width, conditions: conditioning.size };
  return {
    generator: buildGenerator(sizes, setup.random('generator')),
    discriminator: buildDiscriminator(shape, conditioning.size, width, setup.random('discriminator')),
    latent,
    conditioning,
    toRaw: (pictures) =>
      pictures
        .add(1)
        .mul((high - low) / 2)
        .add(low),
    fromRaw: (images) =>
      images
        .sub(low)
        .mul(2 / (high - low))
        .sub(1) as tf.Tensor4D,
    isBytes,
  };
};

/** Standard normal [size, latent]. */
export const drawNoise = (random: Random, size: number, latent: number): tf.Tensor2D =>
  tf.tensor2d(
    Float32Array.from({ length: size * latent }, () => random.normal()),
    [size, latent],
  );

/** Everything of a GAN that a run must keep. */
export const ganMemory = ({ generator, discriminator }: Gan): Map<string, tf.Variable> =>
  new Map([
    ...[...generator.statistics].map(([name, variable]) => [`generator/${name}`, variable] as const),
    ...[...discriminator.memory].map(([name, variable]) => [`discriminator/${name}`, variable] as const),
  ]);

const prefixed = (prefix: string, variables: ReadonlyMap<string, tf.Variable>): Map<string, tf.Variable> =>
  new Map([...variables].map(([name, variable]) => [`${prefix}/${name}`, variable]));

export interface GanTraining {
  epochs: number;
  learningRate: number;
}

const adam = { kind: 'adam', beta1: 0.5, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 } as const;

/** Of pictures of the data, and of generated ones. */
const judgeBoth = (gan: Gan, { real, fake, condition }: Shown): [tf.Tensor, tf.Tensor] => {
  const pictures = tf.concat([real as tf.Tensor4D, fake as tf.Tensor4D]);
  const conditions = tf.concat([condition as tf.Tensor2D, condition as tf.Tensor2D]);
  return tf.split(gan.discriminator.judge(pictures, conditions), 2) as [tf.Tensor, tf.Tensor];
};

const discriminatorOf = (gan: Gan, learningRate: number, generate: Generating): Opponent => ({
  name: 'discriminator',
  variables: gan.discriminator.variables,
  optimizer: adam,
  learningRate,
  shown: (step) => {
    const { generated, condition } = generate(step);
    return { real: gan.fromRaw(step.batch.images), fake: generated.pictures, condition };
  },
  loss: (shown) => {
    const [real, fake] = judgeBoth(gan, shown);
    return hingeLoss(real, fake);
  },
});

/** What the generator makes in one step: once. */
type Generating = (step: Step) => { generated: Generated; condition: tf.Tensor2D };

const generatingOnce = (gan: Gan): Generating => {
  const made = new WeakMap<View, ReturnType<Generating>>();
  return (step) => {
    const known = made.get(step.view);
    if (known) return known;
    const condition = gan.conditioning.of(step.batch, step.drawn);
    const generated = gan.generator.apply(step.drawn.noise as tf.Tensor2D, condition, true);
    made.set(step.view, { generated, condition });
    return { generated, condition };
  };
};

/**
 * The stage that trains a GAN on the data, alone: hinge losses (Lim and Ye 2017), one update of each network a step,
 * Adam with β (0.5, 0.9), the discriminator at twice the generator's rate. `draw` must give `noise` [N, latent], and what
 * the conditioning asks for.
 */
export const ganStage = (
  gan: Gan,
  { epochs, learningRate }: GanTraining,
  draw: NonNullable<Prepared['draw']>,
): MethodStage => {
  const generate = generatingOnce(gan);
  return {
    name: 'gan',
    training: { epochs, learningRate, optimizer: adam, schedule: { kind: 'constant', warmup: 0 } },
    variables: prefixed('generator', gan.generator.variables),
    losses: (step) => {
      const { generated, condition } = generate(step);
      return { generator: adversarialLoss(gan.discriminator.judge(generated.pictures, condition)) };
    },
    own: {
      taps: { student: [], teachers: [] },
      draw,
      opponents: [discriminatorOf(gan, 2 * learningRate, generate)],
      remember: () => gan.discriminator.refine(),
    },
  };
};
