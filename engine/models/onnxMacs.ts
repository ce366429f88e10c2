import type { OnnxNode, OnnxTensor } from './onnxModel';

type Shape = readonly number[];

/** What counting needs to know of a graph. Shapes: without the batch dimension, channels last. */
export interface OnnxShapes {
  /** The constant behind a value. */
  weights: Pick<ReadonlyMap<string, OnnxTensor>, 'get'>;
  shapes: ReadonlyMap<string, Shape>;
}

const product = (lengths: Shape): number => lengths.reduce((value, length) => value * length, 1);

const kernelOf = (node: OnnxNode, { weights }: OnnxShapes): number | null => {
  const sizes = node.input.flatMap((name) => {
    const tensor = weights.get(name);
    return tensor && tensor.dims.length > 1 ? [product(tensor.dims)] : [];
  });
  return sizes.length === 0 ? null : Math.max(...sizes);
};

const kernelAt = (value: string | undefined, node: OnnxNode, graph: OnnxShapes): number | null => {
  const kernel = kernelOf(node, graph);
  const map = graph.shapes.get(value ?? '');
  return kernel === null || !map ? null : kernel * product(map.slice(0, -1));
};

/** Each product with a weight, at every position of the output. */
const atOutput = (node: OnnxNode, graph: OnnxShapes): number | null => kernelAt(node.output[0], node, graph);

/** A transposed convolution spreads every input position over its kernel. */
const atInput = (node: OnnxNode, graph: OnnxShapes): number | null => kernelAt(node.input[0], node, graph);

const matrices = (node: OnnxNode, graph: OnnxShapes): number | null => {
  if (kernelOf(node, graph) !== null) return atOutput(node, graph);
  const [left, output] = [node.input[0], node.output[0]].map((name) => graph.shapes.get(name ?? ''));
  return left && output ? product(output) * (left.at(-1) ?? 0) : null;
};

const rules: Record<string, (node: OnnxNode, graph: OnnxShapes) => number | null> = {
  Conv: atOutput,
  ConvTranspose: atInput,
  Gemm: matrices,
  MatMul: matrices,
};

/** Operations that multiply and sum, whether or not there is a rule for them. */
const multiplies = /Conv|MatMul|Gemm|Einsum|Attention|LSTM|GRU|RNN|DFT/;

/** Multiply-accumulates of one sample at a node; null where they are not known. */
export const onnxMacs = (node: OnnxNode, graph: OnnxShapes): number | null => {
  const rule = rules[node.opType];
  if (rule) return rule(node, graph);
  return multiplies.test(node.opType) ? null : 0;
};
