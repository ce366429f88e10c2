import * as tf from '@tensorflow/tfjs';
import { fixedShape, layerUses, type LayerNode } from '../models/graph';

type Layer = tf.layers.Layer;
type Shape = readonly number[];

/** One use of a layer: shapes without the batch dimension. */
interface Use {
  inputs: Shape[];
  output: Shape;
}

/** Multiply-accumulates for one sample, and the layers whose share is not known. */
export interface MacCount {
  macs: number;
  uncounted: string[];
}

const product = (lengths: Shape): number => lengths.reduce((value, length) => value * length, 1);

/** Values of the weights whose name ends in `ending`. */
const weightValues = (layer: Layer, ending: string): number =>
  layer.weights
    .filter((weight) => weight.originalName.endsWith(ending))
    .reduce((sum, weight) => sum + product(weight.shape as number[]), 0);

/** Positions of a map: the product of its lengths but for the channels. */
const positions = (layer: Layer, shape: Shape): number => {
  const isFirst = (layer as Layer & { dataFormat?: string }).dataFormat === 'channelsFirst';
  return product(isFirst ? shape.slice(1) : shape.slice(0, -1));
};

const first = (use: Use): Shape => use.inputs[0] ?? [];

/** Every kernel value is multiplied once at every output position. */
const convolution = (layer: Layer, use: Use): number =>
  weightValues(layer, 'kernel') * positions(layer, use.output);

/** A transposed convolution spreads every input position over its kernel. */
const transposed = (layer: Layer, use: Use): number =>
  weightValues(layer, 'kernel') * positions(layer, first(use));

/** Input and recurrent kernels, all gates, at every time step. */
const recurrent = (layer: Layer, use: Use): number => weightValues(layer, 'kernel') * (first(use)[0] ?? 0);

/** Input: [time, …]; the kernels are convolved at every position of every time step's map. */
const convolutionalRecurrent = (layer: Layer, use: Use): number => {
  const { returnSequences } = layer as Layer & { returnSequences?: boolean };
  const map = returnSequences ? use.output.slice(1) : use.output;
  return recurrent(layer, use) * positions(layer, map);
};

/** A product of two inputs over one axis. */
const contraction = (layer: Layer, use: Use): number => {
  const { axes } = layer as Layer & { axes: number | [number, number] };
  const axis = Array.isArray(axes) ? axes[0] : axes;
  const shape = first(use);
  const length = shape[axis < 0 ? shape.length + axis : axis - 1] ?? 0;
  return product(use.output) * length;
};

const everyStep = (layer: Layer, use: Use): number | null => {
  const inner = (layer as Layer & { layer: Layer }).layer;
  const step = { inputs: use.inputs.map((shape) => shape.slice(1)), output: use.output.slice(1) };
  const macs = macsOfUse(inner, step);
  return macs === null ? null : macs * (first(use)[0] ?? 0);
};

const none = (): number => 0;

/**
 * What counts: each product with a weight, and each product of two activations that is summed. What counts nothing:
 * pooling, additions, activations, look-ups, and normalisations, which fold into the convolution before them.
 */
const rules: Record<string, (layer: Layer, use: Use) => number | null> = {
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2D: convolution,
  SeparableConv2D: convolution,
  Dense: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  SimpleRNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  ConvLSTM2D: convolutionalRecurrent,
  Bidirectional: (layer, use) => {
    const { forwardLayer } = layer as Layer & { forwardLayer: Layer };
    return forwardLayer.getClassName() === 'ConvLSTM2D' ? null : recurrent(layer, use);
  },
  TimeDistributed: everyStep,
  Dot: contraction,
};

const free = [
  ...['InputLayer', 'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'],
  ...['BatchNormalization', 'LayerNormalization', 'Rescaling', 'Embedding', 'CategoryEncoding', 'Masking'],
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  ...['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'GlobalMaxPooling1D', 'GlobalMaxPooling2D'],
  ...['AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
  ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D'],
  ...['Add', 'Average', 'Multiply', 'Maximum', 'Minimum', 'Concatenate'],
  ...['Flatten', 'Reshape', 'Permute', 'RepeatVector', 'ZeroPadding2D', 'Cropping2D', 'UpSampling2D'],
  ...['CenterCrop', 'Resizing', 'RandomWidth'],
];
for (const className of free) rules[className] = none;

/** Null for a class that is not known, e.g. one of the user's own. */
const macsOfUse = (layer: Layer, use: Use): number | null =>
  rules[layer.getClassName()]?.(layer, use) ?? null;

const useOf = (node: LayerNode): Use | null => {
  const inputs = node.inputTensors.map((tensor) => fixedShape(tensor.shape));
  const output = fixedShape(node.outputTensors[0]?.shape ?? []);
  const isFixed = inputs.every((shape): shape is number[] => shape !== null);
  return isFixed && output ? { inputs, output } : null;
};

/** Over all nodes at which a model uses the layer; a nested model counts its own layers at each use. */
export const layerMacs = (layer: Layer, nodes: readonly LayerNode[]): MacCount => {
  if (layer instanceof tf.LayersModel) {
    const { macs, uncounted } = modelMacs(layer);
    return { macs: macs * nodes.length, uncounted: uncounted.map((name) => `${layer.name}/${name}`) };
  }
  let macs = 0;
  for (const node of nodes) {
    const use = useOf(node);
    const count = use ? macsOfUse(layer, use) : rules[layer.getClassName()] === none ? 0 : null;
    if (count === null) return { macs: 0, uncounted: [layer.name] };
    macs += count;
  }
  return { macs, uncounted: [] };
};

/** For one sample through the whole model. */
export const modelMacs = (model: tf.LayersModel): MacCount => {
  const counts = layerUses(model).map(({ layer, nodes }) => layerMacs(layer, nodes));
  return {
    macs: counts.reduce((sum, count) => sum + count.macs, 0),
    uncounted: counts.flatMap((count) => count.uncounted),
  };
};
