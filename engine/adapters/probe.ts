import * as tf from '@tensorflow/tfjs';
import type { DataOptions } from '../contract/data';
import type { Task } from '../contract/recipe';
import { makeBatch } from '../data/batches';
import { openDataset } from '../data/open';
import type { Network } from '../models/network';
import { Random } from '../random';
import { resizeBilinearTo } from '../losses/resample';
import { isMap } from './build';

/** Where probe samples come from: a recipe's data section, with paths relative to `base`. */
export interface ProbeRequest {
  data: DataOptions;
  base: string;
  /** Without it, what such data is mostly for. */
  task?: Task | undefined;
}

/** Samples that both networks are shown, a batch at a time, always the same ones. */
export interface Probe {
  source: 'data' | 'noise';
  /** Samples there are at most. */
  samples: number;
  /** Raw values [size, …shape], made anew at each call. */
  batch(begin: number, size: number): tf.Tensor;
}

export const mostSamples = 512;
const seed = 1;

const elements = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

const noise = (random: Random, shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: elements(shape) }, () => random.normal()),
    shape,
  );

/**
 * Noise that is as rough as pictures are: of maps, the mean of standard normal noise at every power of two of the
 * resolution, so that coarse structure is as strong as fine; of vectors, standard normal noise.
 */
const noiseBatch = (shape: readonly number[], size: number, random: Random): tf.Tensor => {
  if (!isMap(shape)) return noise(random, [size, ...shape]);
  const [height, width, channels] = shape;
  const octaves = 1 + Math.floor(Math.log2(Math.max(1, Math.min(height, width))));
  const layers = Array.from({ length: octaves }, (_, octave) => {
    const of = (length: number): number => Math.ceil(length / 2 ** octave);
    const coarse = noise(random, [size, of(height), of(width), channels]) as tf.Tensor4D;
    return resizeBilinearTo(coarse, height, width);
  });
  return tf.addN(layers).div(Math.sqrt(octaves));
};

const noiseProbe = (shape: readonly number[]): Probe => ({
  source: 'noise',
  samples: mostSamples,
  batch: (begin, size) => tf.tidy(() => noiseBatch(shape, size, new Random(`probe/${begin}`))),
});

const dataProbe = async ({ data, base, task }: ProbeRequest, shape: readonly number[]): Promise<Probe> => {
  const limit = Math.min(data.limit ?? mostSamples, mostSamples);
  const { train } = await openDataset({ ...data, limit, validation: 0 }, base, shape, seed, task);
  const order = new Random('probe/order').permutation(train.count);
  return {
    source: 'data',
    samples: train.count,
    batch: (begin, size) => {
      const { images, ...targets } = makeBatch(
        train,
        order.slice(begin, begin + size),
        null,
        new Random('probe'),
      );
      tf.dispose(targets);
      return images;
    },
  };
};

/** Real samples where a recipe's data is named, else noise; in the student's input shape. Throws what opening data throws. */
export const openProbe = (request: ProbeRequest | null, student: Network): Promise<Probe> =>
  request
    ? dataProbe(request, student.info.inputShape)
    : Promise.resolve(noiseProbe(student.info.inputShape));

/**
 * Samples as a network with another input takes them: in another shape, resized, grey repeated or colours averaged;
 * null where that makes no sense.
 */
export const fitInput = (images: tf.Tensor, shape: readonly number[]): tf.Tensor | null => {
  const from = images.shape.slice(1);
  if (from.join() === shape.join()) return images;
  if (elements(from) === elements(shape)) return images.reshape([images.shape[0] as number, ...shape]);
  const channels = shape[2] ?? 0;
  if (!isMap(from) || !isMap(shape) || channels < 1) return null;
  const same = from[2] === channels;
  if (!same && from[2] !== 1 && channels !== 1) return null;
  const resized = resizeBilinearTo(images as tf.Tensor4D, shape[0], shape[1]);
  if (same) return resized;
  return channels === 1 ? resized.mean(3, true) : resized.tile([1, 1, 1, channels]);
};
