import type { GraphNode, GraphNodes } from './graphNodes';

type Shape = readonly number[];
type ShapeOf = (name: string) => Shape | undefined;

const product = (lengths: Shape): number => lengths.reduce((value, length) => value * length, 1);

/** Values of the largest constant that a node reads: its kernel. */
const kernelSize = (nodes: GraphNodes, node: GraphNode): number | null => {
  const sizes = nodes.constantsOf(node).filter(({ dtype, shape }) => dtype === 'float32' && shape.length > 1);
  return sizes.length === 0 ? null : Math.max(...sizes.map(({ shape }) => product(shape)));
};

/** Every kernel value is multiplied once at every position of the map: of the output, or of what is spread. */
const kernelAt = (kernel: number | null, map: Shape | undefined): number | null =>
  kernel === null || !map ? null : kernel * product(map.slice(0, -1));

const convolution = (nodes: GraphNodes, node: GraphNode, shapeOf: ShapeOf): number | null =>
  kernelAt(kernelSize(nodes, node), shapeOf(node.name));

const transposed = (nodes: GraphNodes, node: GraphNode, shapeOf: ShapeOf): number | null =>
  kernelAt(kernelSize(nodes, node), shapeOf(nodes.inputsOf(node)[2]?.name ?? ''));

/** The left factor of a matrix product may be read transposed. */
const contracted = ({ attr }: GraphNode, left: Shape): number => {
  const { b: isTransposed } = (attr?.adj_x ?? attr?.transpose_a ?? {}) as { b?: boolean };
  return left.at(isTransposed ? -2 : -1) ?? 0;
};

const matrices = (nodes: GraphNodes, node: GraphNode, shapeOf: ShapeOf): number | null => {
  const kernel = kernelSize(nodes, node);
  if (kernel !== null) return kernelAt(kernel, shapeOf(node.name));
  const left = shapeOf(nodes.inputsOf(node)[0]?.name ?? '');
  const output = shapeOf(node.name);
  return left && output ? product(output) * contracted(node, left) : null;
};

const rules: Record<string, typeof convolution> = {
  Conv1D: convolution,
  Conv2D: convolution,
  _FusedConv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2d: convolution,
  DepthwiseConv2dNative: convolution,
  FusedDepthwiseConv2dNative: convolution,
  Conv2DBackpropInput: transposed,
  MatMul: matrices,
  _FusedMatMul: matrices,
  BatchMatMul: matrices,
  BatchMatMulV2: matrices,
};

/** Operations that multiply and sum, whether or not there is a rule for them. */
const multiplies = /Conv|MatMul|Einsum|LSTM|GRU|RNN|FFT/;

/** Multiply-accumulates of one sample at a node; null where they are not known. */
export const nodeMacs = (nodes: GraphNodes, node: GraphNode, shapeOf: ShapeOf): number | null => {
  const rule = rules[node.op];
  if (rule) return rule(nodes, node, shapeOf);
  return multiplies.test(node.op) ? null : 0;
};
