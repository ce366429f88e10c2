// Teachers and students of the methods table: `file#export`, as in a recipe.
import * as tf from '@tensorflow/tfjs';

type Node = tf.SymbolicTensor;

const plain = { kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const;

/** 3x3 convolution, batch normalisation, ReLU; the ReLU bears the name. */
const stage = (x: Node, name: string, filters: number, strides = 1): Node => {
  const made = tf.layers.conv2d({ name: `${name}-conv`, filters, strides, ...plain }).apply(x);
  const normed = tf.layers
    .batchNormalization({ name: `${name}-norm`, momentum: 0.9, epsilon: 1e-5 })
    .apply(made);
  return tf.layers.reLU({ name }).apply(normed) as Node;
};

const pool = (x: Node, name: string): Node => tf.layers.maxPooling2d({ name, poolSize: 2 }).apply(x) as Node;
const mean = (x: Node): Node =>
  tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }).apply(x) as Node;
const dense = (x: Node, name: string, units: number): Node =>
  tf.layers.dense({ name, units }).apply(x) as Node;

/** Three stages, each half as high and wide as the one before. */
const trunk = (
  inputs: Node,
  [first, second, third]: readonly [number, number, number],
  strides: number,
): Node => {
  const one = pool(stage(inputs, 'stage1', first, strides), 'pool1');
  return stage(pool(stage(one, 'stage2', second), 'pool2'), 'stage3', third);
};

const small = [8, 16, 32] as const;
const large = [32, 64, 128] as const;

const classifier = (widths: readonly [number, number, number]) => (): tf.LayersModel => {
  const inputs = tf.input({ shape: [28, 28, 1] });
  return tf.model({ inputs, outputs: dense(mean(trunk(inputs, widths, 1)), 'classes', 10) });
};
export const classStudent = classifier(small);
export const classTeacher = classifier(large);

const embedder = (widths: readonly [number, number, number], features: number) => (): tf.LayersModel => {
  const inputs = tf.input({ shape: [28, 28, 1] });
  return tf.model({ inputs, outputs: dense(mean(trunk(inputs, widths, 1)), 'features', features) });
};
export const featureStudent = embedder(small, 32);
export const featureTeacher = embedder(large, 128);

const counter = (widths: readonly [number, number, number]) => (): tf.LayersModel => {
  const inputs = tf.input({ shape: [64, 64, 3] });
  return tf.model({ inputs, outputs: dense(mean(trunk(inputs, widths, 2)), 'count', 1) });
};
export const countStudent = counter(small);
export const countTeacher = counter(large);

const at = (x: Node, name: string, filters: number): Node =>
  tf.layers.conv2d({ name, filters, kernelSize: 1 }).apply(x) as Node;

const segmenter = (width: number) => (): tf.LayersModel => {
  const inputs = tf.input({ shape: [64, 64, 3] });
  const one = stage(inputs, 'stage1', width, 2);
  const three = stage(stage(one, 'stage2', 2 * width), 'stage3', 2 * width);
  return tf.model({ inputs, outputs: at(three, 'classes', 3) });
};
export const maskStudent = segmenter(6);
export const maskTeacher = segmenter(32);

const detector = (width: number) => (): tf.LayersModel => {
  const inputs = tf.input({ shape: [96, 96, 3] });
  const two = stage(stage(inputs, 'stage1', width, 2), 'stage2', 2 * width, 2);
  return tf.model({ inputs, outputs: at(stage(two, 'stage3', 2 * width), 'boxes', 5) });
};
export const boxStudent = detector(6);
export const boxTeacher = detector(32);
