import * as tf from '@tensorflow/tfjs';
import { Random } from '../random';
import type { Batch, Split } from './dataset';

/** How training pictures are varied: mirrored half of the time, padded by `crop` pixels and cropped back at random. */
export interface Augmentation {
  flip: boolean;
  crop: number;
}

type Values = Uint8Array | Float32Array;

/**
 * The order in which epoch `epoch` (from 0) visits `count` samples: a permutation that depends on the seed alone.
 * Training cuts it into full batches and leaves the rest of the epoch out, others each time: losses that compare the
 * samples of a batch, and batch statistics, change with its size.
 */
export const batchOrder = (count: number, seed: number, epoch: number): Int32Array =>
  new Random(`${seed}/order/${epoch}`).permutation(count);

/** Mirrors one picture left and right in place: rows of `width` pixels of `channels` values. */
const mirror = (values: Float32Array, rows: number, width: number, channels: number): void => {
  for (let row = 0; row < rows; row++) {
    let left = row * width * channels;
    let right = left + (width - 1) * channels;
    for (; left < right; left += channels, right -= channels) {
      for (let channel = 0; channel < channels; channel++) {
        const kept = values[left + channel] as number;
        values[left + channel] = values[right + channel] as number;
        values[right + channel] = kept;
      }
    }
  }
};

/** Copies `from` moved by (down, right) pixels into `to`, which is zero; what leaves the picture is lost. */
const shift = (
  from: Values,
  to: Float32Array,
  shape: readonly number[],
  down: number,
  right: number,
): void => {
  const [height = 1, width = 1, channels = 1] = shape;
  const begin = Math.max(0, -right) * channels;
  const end = Math.min(width, width - right) * channels;
  const line = width * channels;
  for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
    if (begin < end) {
      to.set(
        from.subarray(row * line + begin, row * line + end),
        (row + down) * line + begin + right * channels,
      );
    }
  }
};

const copyVaried = (
  from: Values,
  to: Float32Array,
  shape: readonly number[],
  { flip, crop }: Augmentation,
  random: Random,
): void => {
  const down = random.integer(2 * crop + 1) - crop;
  const right = random.integer(2 * crop + 1) - crop;
  const mirrored = random.uniform() < 0.5;
  if (crop > 0) shift(from, to, shape, down, right);
  else to.set(from);
  const [height = 1, width = 1, channels = 1] = shape;
  if (flip && mirrored) mirror(to, height, width, channels);
};

/**
 * The samples at `positions` as tensors. `augmentation` holds for samples of [height, width, channels]; padding is
 * zero in raw values. `random` is drawn from three times a sample, whatever is turned on.
 */
export const makeBatch = (
  split: Split,
  positions: Int32Array,
  augmentation: Augmentation | null,
  random: Random,
): Batch => {
  const size = split.shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(positions.length * size);
  const labels = new Int32Array(positions.length);
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index] as number;
    const from = split.values.subarray(position * size, (position + 1) * size);
    const to = values.subarray(index * size, (index + 1) * size);
    if (augmentation) copyVaried(from, to, split.shape, augmentation, random);
    else to.set(from);
    labels[index] = split.labels[position] as number;
  }
  return {
    images: tf.tensor(values, [positions.length, ...split.shape]),
    labels: tf.tensor1d(labels, 'int32'),
    indices: tf.tensor1d(positions.slice(), 'int32'),
  };
};

/** A split in its own order, the last batch as small as it comes. Each batch is the receiver's to dispose. */
export function* evaluationBatches(split: Split, batchSize: number): Generator<Batch, void, undefined> {
  const unused = new Random('evaluation');
  for (let begin = 0; begin < split.count; begin += batchSize) {
    const length = Math.min(batchSize, split.count - begin);
    yield makeBatch(
      split,
      Int32Array.from({ length }, (_, index) => begin + index),
      null,
      unused,
    );
  }
}
