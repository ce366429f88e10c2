import * as tf from '@tensorflow/tfjs';
import type { OnnxNode } from './onnxModel';

/** Where the channels of a map lie. */
export type Layout = 'first' | 'last';

const toLast = [0, 2, 3, 1];
const toFirst = [0, 3, 1, 2];
const pictureChannels = new Set([1, 3, 4]);

/** Of an input [channels, height, width] or [height, width, channels]: the end that has a picture's number of channels. */
export const inputLayout = (shape: readonly number[]): Layout => {
  const [first = 0, , last = 0] = shape;
  return pictureChannels.has(last) && !pictureChannels.has(first) ? 'last' : 'first';
};

/** [channels, height, width] as [height, width, channels]; other shapes as they are. */
export const channelsLast = (shape: readonly number[], layout: Layout): number[] =>
  shape.length === 3 && layout === 'first' ? [...shape.slice(1), shape[0] ?? 0] : [...shape];

/** [batch, height, width, channels] as the graph takes it. */
export const asGraph = (x: tf.Tensor, layout: Layout): tf.Tensor =>
  x.rank === 4 && layout === 'first' ? tf.transpose(x, toFirst) : x;

/** A value of the graph as [batch, height, width, channels]. */
export const asMap = (x: tf.Tensor, layout: Layout): tf.Tensor =>
  x.rank === 4 && layout === 'first' ? tf.transpose(x, toLast) : x;

const moved = (node: OnnxNode, layout: Layout): Layout => {
  if (node.opType !== 'Transpose') return layout;
  const order = node.attribute.find(({ name }) => name === 'perm')?.ints.join();
  if (order === toLast.join()) return 'last';
  return order === toFirst.join() ? 'first' : layout;
};

/** Convolutions are channels first in ONNX; between them a value lies as the first value that it is made of. */
export const layoutsOf = (
  nodes: readonly OnnxNode[],
  input: string,
  layout: Layout,
): ReadonlyMap<string, Layout> => {
  const layouts = new Map<string, Layout>([[input, layout]]);
  for (const node of nodes) {
    const from = node.input.find((name) => layouts.has(name));
    if (from === undefined) continue;
    for (const name of node.output) layouts.set(name, moved(node, layouts.get(from) ?? 'first'));
  }
  return layouts;
};
