import type { Window } from './execution';
import type { GraphNode, GraphNodes } from './graphNodes';

type Fields = Record<string, unknown>;

const onePosition: Window = { size: [], stride: [] };

const isChannelsFirst = ({ attr }: GraphNode): boolean => {
  const { s } = (attr?.data_format ?? {}) as { s?: string };
  return s !== undefined && /^NC/.test(/^N[A-Z]+$/.test(s) ? s : Buffer.from(s, 'base64').toString());
};

/** An attribute of one number an axis, for the axes of a map: without batch and channels. */
const lengthsOf = (node: GraphNode, name: string): number[] => {
  const { list } = (node.attr?.[name] ?? {}) as { list?: { i?: unknown[] } & Fields };
  const all = (list?.i ?? []).map(Number);
  return isChannelsFirst(node) ? all.slice(2) : all.slice(1, -1);
};

/** Lengths of a convolution's kernel: all axes of its largest constant but for those of the channels. */
const kernelLengths = (nodes: GraphNodes, node: GraphNode): number[] => {
  const kernel = nodes.constantsOf(node).find(({ shape }) => shape.length > 2);
  return kernel?.shape.slice(0, -2) ?? [];
};

const convolution = (nodes: GraphNodes, node: GraphNode): Window | null => {
  const kernel = kernelLengths(nodes, node);
  if (kernel.length === 0) return null;
  const [strides, dilations] = [lengthsOf(node, 'strides'), lengthsOf(node, 'dilations')];
  return {
    size: kernel.map((length, axis) => (length - 1) * (dilations[axis] || 1) + 1),
    stride: kernel.map((_, axis) => strides[axis] || 1),
  };
};

const transposed = (nodes: GraphNodes, node: GraphNode): Window | null => {
  const kernel = kernelLengths(nodes, node);
  const strides = lengthsOf(node, 'strides');
  if (kernel.length === 0) return null;
  return {
    size: kernel.map((length, axis) => Math.ceil(length / (strides[axis] || 1))),
    stride: kernel.map((_, axis) => 1 / (strides[axis] || 1)),
  };
};

const pooling = (_: GraphNodes, node: GraphNode): Window | null => {
  const size = lengthsOf(node, 'ksize');
  const strides = lengthsOf(node, 'strides');
  return size.length > 0 ? { size, stride: size.map((_, axis) => strides[axis] || 1) } : null;
};

const unchanged = (): Window => onePosition;

const windows: Record<string, (nodes: GraphNodes, node: GraphNode) => Window | null> = {
  Conv2D: convolution,
  _FusedConv2D: convolution,
  Conv3D: convolution,
  DepthwiseConv2d: convolution,
  DepthwiseConv2dNative: convolution,
  FusedDepthwiseConv2dNative: convolution,
  Conv2DBackpropInput: transposed,
  MaxPool: pooling,
  AvgPool: pooling,
  MaxPool3D: pooling,
  AvgPool3D: pooling,
};

const pointwise = [
  ...['Identity', 'StopGradient', 'Snapshot', 'Cast', 'Add', 'AddV2', 'AddN', 'BiasAdd', 'Sub', 'Mul'],
  ...['RealDiv', 'Div', 'Maximum', 'Minimum', 'Relu', 'Relu6', 'Elu', 'Selu', 'LeakyRelu', 'Prelu'],
  ...['Sigmoid', 'Tanh', 'Softplus', 'Exp', 'Log', 'Sqrt', 'Rsqrt', 'Square', 'Neg', 'Abs', 'Pow'],
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3', 'Pad', 'PadV2', 'MirrorPad'],
  ...['Concat', 'ConcatV2', 'Split', 'SplitV'],
];
for (const op of pointwise) windows[op] = unchanged;

/** Null for nodes that see all positions, and for those whose way of looking is not known. */
export const graphWindow = (nodes: GraphNodes, node: GraphNode): Window | null =>
  windows[node.op]?.(nodes, node) ?? null;
