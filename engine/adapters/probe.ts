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

/** Standard normal noise in `shape`. */
const noiseProbe = (shape: readonly number[]): Probe => ({
  source: 'noise',
  samples: mostSamples,
  batch: (begin, size) => {
    const random = new Random(`probe/${begin}`);
    const values = Float32Array.from({ length: size * elements(shape) }, () => random.normal());
    return tf.tensor(values, [size, ...shape]);
  },
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
 * Samples as a network with another input takes them: resized, grey repeated or colours averaged; null where that
 * makes no sense.
 */
export const fitInput = (images: tf.Tensor, shape: readonly number[]): tf.Tensor | null => {
  const from = images.shape.slice(1);
  if (from.join() === shape.join()) return images;
  const channels = shape[2] ?? 0;
  if (!isMap(from) || !isMap(shape) || channels < 1) return null;
  const same = from[2] === channels;
  if (!same && from[2] !== 1 && channels !== 1) return null;
  const resized = resizeBilinearTo(images as tf.Tensor4D, shape[0], shape[1]);
  if (same) return resized;
  return channels === 1 ? resized.mean(3, true) : resized.tile([1, 1, 1, channels]);
};
