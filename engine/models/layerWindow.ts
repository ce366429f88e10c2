import type * as tf from '@tensorflow/tfjs';
import type { Window } from './execution';

type Layer = tf.layers.Layer;
type Fields = Record<string, unknown>;

const onePosition: Window = { size: [], stride: [] };

const lengths = (value: unknown): number[] =>
  Array.isArray(value) ? value.map(Number) : typeof value === 'number' ? [value] : [];

/** By axis; a single number stands for all axes that `size` has. */
const alongside = (size: readonly number[], value: unknown, otherwise: number): number[] => {
  const given = lengths(value);
  return size.map((_, axis) => given[axis] ?? given[0] ?? otherwise);
};

const convolution = ({ kernelSize, strides, dilationRate }: Fields): Window => {
  const kernel = lengths(kernelSize);
  const dilation = alongside(kernel, dilationRate, 1);
  return {
    size: kernel.map((length, axis) => (length - 1) * (dilation[axis] ?? 1) + 1),
    stride: alongside(kernel, strides, 1),
  };
};

/** A value of the output meets every stride-th value of the kernel. */
const transposed = ({ kernelSize, strides }: Fields): Window => {
  const kernel = lengths(kernelSize);
  const stride = alongside(kernel, strides, 1);
  return {
    size: kernel.map((length, axis) => Math.ceil(length / (stride[axis] ?? 1))),
    stride: stride.map((length) => 1 / length),
  };
};

const pooling = ({ poolSize, strides }: Fields): Window => {
  const size = lengths(poolSize);
  const given = lengths(strides);
  return { size, stride: size.map((length, axis) => given[axis] ?? length) };
};

const enlarging = ({ size, interpolation }: Fields): Window => {
  const factors = lengths(size);
  return {
    size: factors.map(() => (interpolation === 'bilinear' ? 2 : 1)),
    stride: factors.map((factor) => 1 / factor),
  };
};

/** Normalisations and softmax see one position where they work along the channels. */
const alongChannels = (_: Fields, layer: Layer): Window | null => {
  const { axis } = layer as Layer & { axis?: number | number[] };
  const axes = lengths(axis);
  const rank = layer.inboundNodes[0]?.inputTensors[0]?.shape.length ?? 0;
  return axes.every((one) => one === -1 || one === rank - 1) ? onePosition : null;
};

const unchanged = (): Window => onePosition;

const windows: Record<string, (settings: Fields, layer: Layer) => Window | null> = {
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2D: convolution,
  SeparableConv2D: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  AveragePooling1D: pooling,
  AveragePooling2D: pooling,
  AveragePooling3D: pooling,
  MaxPooling1D: pooling,
  MaxPooling2D: pooling,
  MaxPooling3D: pooling,
  UpSampling2D: enlarging,
  LayerNormalization: alongChannels,
  Softmax: alongChannels,
};

const pointwise = [
  ...['InputLayer', 'Activation', 'ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Rescaling'],
  ...['BatchNormalization', 'Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout'],
  ...['AlphaDropout', 'Add', 'Average', 'Multiply', 'Maximum', 'Minimum', 'Concatenate', 'Masking'],
  ...['Embedding', 'ZeroPadding2D', 'Cropping2D', 'CenterCrop'],
];
for (const kind of pointwise) windows[kind] = unchanged;

/** A dense layer keeps the positions of a map apart, and mixes all there is of a vector. */
const denseWindow = (layer: Layer): Window | null =>
  (layer.inboundNodes[0]?.inputTensors[0]?.shape.length ?? 0) > 2 ? onePosition : null;

/** Null for layers that see all positions (global pooling, flatten, recurrence) and for those that are not known. */
export const layerWindow = (layer: Layer): Window | null => {
  const kind = layer.getClassName();
  if (kind === 'Dense') return denseWindow(layer);
  return windows[kind]?.(layer.getConfig() as Fields, layer) ?? null;
};
