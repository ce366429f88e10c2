import type { Window } from './execution';
import type { OnnxNode, OnnxTensor } from './onnxModel';

const onePosition: Window = { size: [], stride: [] };

const intsOf = (node: OnnxNode, name: string): number[] =>
  node.attribute.find((attribute) => attribute.name === name)?.ints ?? [];

type Weights = Pick<ReadonlyMap<string, OnnxTensor>, 'get'>;

/** Kernels are [out, in, …lengths]. */
const kernelLengths = (node: OnnxNode, weights: Weights): number[] => {
  const written = intsOf(node, 'kernel_shape');
  return written.length > 0 ? written : (weights.get(node.input[1] ?? '')?.dims.slice(2) ?? []);
};

const sliding = (node: OnnxNode, weights: Weights): Window | null => {
  const kernel = kernelLengths(node, weights);
  if (kernel.length === 0) return null;
  const [strides, dilations] = [intsOf(node, 'strides'), intsOf(node, 'dilations')];
  return {
    size: kernel.map((length, axis) => (length - 1) * (dilations[axis] ?? 1) + 1),
    stride: kernel.map((_, axis) => strides[axis] ?? 1),
  };
};

const transposed = (node: OnnxNode, weights: Weights): Window | null => {
  const kernel = kernelLengths(node, weights);
  if (kernel.length === 0) return null;
  const strides = kernel.map((_, axis) => intsOf(node, 'strides')[axis] ?? 1);
  return {
    size: kernel.map((length, axis) => Math.ceil(length / (strides[axis] ?? 1))),
    stride: strides.map((length) => 1 / length),
  };
};

/** Channels moved to the other end: positions stay where they are. */
const moved = (node: OnnxNode): Window | null =>
  ['0,2,3,1', '0,3,1,2'].includes(intsOf(node, 'perm').join()) ? onePosition : null;

const rules: Record<string, (node: OnnxNode, weights: Weights) => Window | null> = {
  Conv: sliding,
  MaxPool: sliding,
  AveragePool: sliding,
  LpPool: sliding,
  ConvTranspose: transposed,
  Transpose: moved,
};

const pointwise = new Set([
  ...['Identity', 'Dropout', 'Cast', 'Add', 'Sub', 'Mul', 'Div', 'Sum', 'Max', 'Min', 'Mean', 'Pow', 'Sqrt'],
  ...['Relu', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Tanh'],
  ...['Clip', 'Erf', 'Gelu', 'Mish', 'Softplus', 'Exp', 'Log', 'Neg', 'Abs', 'BatchNormalization', 'Pad'],
  ...['Concat', 'Split'],
]);

/** How a node's output sees its input; null for all positions, or where it is not known. */
export const onnxWindow = (node: OnnxNode, weights: Weights): Window | null =>
  rules[node.opType]?.(node, weights) ?? (pointwise.has(node.opType) ? onePosition : null);
