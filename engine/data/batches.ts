import * as tf from '@tensorflow/tfjs';
import { Random } from '../random';
import type { Batch, Split, Target, TargetName } from './dataset';
import { drawVariation, varyPicture, varyTarget, type Augmentation, type Variation } from './vary';

/**
 * The order in which epoch `epoch` (from 0) visits `count` samples: a permutation that depends on the seed alone.
 * Training cuts it into full batches and leaves the rest of the epoch out, others each time: losses that compare the
 * samples of a batch, and batch statistics, change with its size.
 */
export const batchOrder = (count: number, seed: number, epoch: number): Int32Array =>
  new Random(`${seed}/order/${epoch}`).permutation(count);

/** One kind of target of the samples at `positions`, in one array. */
const collectTarget = (
  name: TargetName,
  target: Target,
  split: Split,
  positions: Int32Array,
  variations: readonly (Variation | null)[],
): tf.Tensor => {
  const size = target.shape.reduce((product, length) => product * length, 1);
  const length = positions.length * size;
  const values = name === 'mask' ? new Int32Array(length) : new Float32Array(length);
  positions.forEach((position, index) => {
    const from = target.values.subarray(position * size, (position + 1) * size);
    const to = values.subarray(index * size, (index + 1) * size);
    const variation = variations[index];
    if (variation) varyTarget(name, { from, to, target }, split.shape, variation);
    else to.set(from);
  });
  return tf.tensor(values, [positions.length, ...target.shape], name === 'mask' ? 'int32' : 'float32');
};

/**
 * The samples at `positions` as tensors. `augmentation` holds for samples of [height, width, channels]; padding is
 * zero in raw values. `stream`, or that of the sample's
 * position, is drawn from three times a sample, whatever is turned on.
 */
export const makeBatch = (
  split: Split,
  positions: Int32Array,
  augmentation: Augmentation | null,
  stream: Random | ((position: number) => Random),
): Batch => {
  const size = split.shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(positions.length * size);
  const labels = new Int32Array(positions.length);
  const variations: (Variation | null)[] = [];
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index] as number;
    const from = split.values.subarray(position * size, (position + 1) * size);
    const to = values.subarray(index * size, (index + 1) * size);
    const random = typeof stream === 'function' ? stream(position) : stream;
    const variation = augmentation ? drawVariation(augmentation, random) : null;
    if (variation) varyPicture(from, to, split.shape, variation);
    else to.set(from);
    variations.push(variation);
    labels[index] = split.labels[position] as number;
  }
  return {
    images: tf.tensor(values, [positions.length, ...split.shape]),
    labels: tf.tensor1d(labels, 'int32'),
    indices: tf.tensor1d(positions.slice(), 'int32'),
    ...Object.fromEntries(
      Object.entries(split.targets ?? {}).map(([name, target]) => [
        name,
        collectTarget(name as TargetName, target, split, positions, variations),
      ]),
    ),
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
