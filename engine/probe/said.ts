import type { ValueColumn } from '../contract/run';
import * as tf from '@tensorflow/tfjs';
import type { Task } from '../contract/recipe';
import type { SampleImage } from '../contract/sheet';
import { ignored, type Split } from '../data/dataset';
import { decode } from '../detection/decode';
import { resizeBilinearTo } from '../losses/resample';
import type { Network } from '../models/network';

/** What is known of a sample, and what a network's outputs say of it, in words. */
export interface Facts {
  task: Task;
  classes: readonly string[];
  outputs: readonly ValueColumn[];
  samples: Split;
}

type Said = SampleImage['student'];

/** Detections with a lower score are not told of. */
const leastScore = 0.3;

export const className = (classes: readonly string[], which: number): string =>
  classes[which] ?? `class ${which}`;

const targetOf = (
  { samples }: Facts,
  name: 'values' | 'mask' | 'boxes',
  index: number,
): ArrayLike<number> => {
  const target = samples.targets?.[name];
  if (!target) return [];
  const size = target.shape.reduce((product, length) => product * length, 1);
  return target.values.subarray(index * size, (index + 1) * size);
};

const valueWords = (values: ArrayLike<number>, outputs: readonly ValueColumn[]): string =>
  outputs
    .map(({ mean, std }, which) => Number(((values[which] as number) * std + mean).toPrecision(4)))
    .join(', ');

const boxWords = (count: number): string => (count === 1 ? '1 box' : `${count} boxes`);

const listed = (labels: Iterable<number>, classes: readonly string[]): string =>
  [...new Set(labels)]
    .filter((label) => label !== ignored)
    .sort((a, b) => a - b)
    .slice(0, 4)
    .map((label) => className(classes, label))
    .join(', ');

/** What the data say of a sample. */
export const wantedWords = (facts: Facts, index: number): string => {
  const { task, classes, outputs, samples } = facts;
  switch (task) {
    case 'regression':
      return valueWords(targetOf(facts, 'values', index), outputs);
    case 'segmentation':
      return listed(Array.from(targetOf(facts, 'mask', index)), classes);
    case 'detection':
      return boxWords(
        Array.from(targetOf(facts, 'boxes', index)).filter((value, at) => at % 5 === 4 && value >= 0).length,
      );
    default:
      return className(classes, samples.labels[index] ?? -1);
  }
};

const bestClass = ({ classes }: Facts, logits: tf.Tensor): Said => {
  const values = tf.softmax(logits).dataSync<'float32'>();
  const best = values.indexOf(Math.max(...values));
  return { label: className(classes, best), probability: values[best] ?? NaN };
};

/** The share of the pixels that count whose class is right. */
const rightPixels = (facts: Facts, index: number, logits: tf.Tensor): Said => {
  const mask = targetOf(facts, 'mask', index);
  const [height = 1, width = 1] = facts.samples.targets?.mask?.shape ?? [];
  const said = resizeBilinearTo(logits as tf.Tensor4D, height, width)
    .argMax(-1)
    .dataSync();
  const counted = [...said.keys()].filter((at) => mask[at] !== ignored);
  const right = counted.filter((at) => said[at] === mask[at]).length;
  return { label: 'pixels right', probability: right / counted.length };
};

const sayNow = (facts: Facts, index: number, logits: tf.Tensor): Said => {
  switch (facts.task) {
    case 'classification':
      return bestClass(facts, logits);
    case 'regression':
      return { label: valueWords(logits.dataSync(), facts.outputs), probability: null };
    case 'segmentation':
      return rightPixels(facts, index, logits);
    case 'detection': {
      const shape = logits.shape.slice(1) as [number, number, number];
      return { label: boxWords(decode(logits.dataSync(), shape, { leastScore }).length), probability: null };
    }
    case 'features':
      return null;
  }
};

/** What a network says of one sample, raw values [1, ...shape]; null where it says nothing of classes or values. */
export const saidWords = (facts: Facts, index: number, network: Network, raw: tf.Tensor): Said => {
  const found: Said[] = [];
  tf.tidy(() => {
    const { logits } = network.forward(raw, { taps: [], training: false });
    found.push(sayNow(facts, index, logits));
  });
  return found[0] ?? null;
};
