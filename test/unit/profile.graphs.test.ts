import { describe, expect, it } from 'vitest';
import { nodeMacs } from '../../engine/models/graphMacs';
import { GraphNodes, type GraphNode } from '../../engine/models/graphNodes';
import { graphWindow } from '../../engine/models/graphWindow';
import { onnxMacs } from '../../engine/models/onnxMacs';
import type { OnnxGraph, OnnxNode, OnnxTensor } from '../../engine/models/onnxModel';
import { OnnxWeights } from '../../engine/models/onnxWeights';
import { onnxWindow } from '../../engine/models/onnxWindow';

const list = (...i: number[]) => ({ list: { i: i.map(String) } });

/** `x` through one node with a constant behind an identity, as converters write it. */
const graph = (op: string, shape: number[], attr: GraphNode['attr'] = {}): [GraphNodes, GraphNode] => {
  const node: GraphNode = { name: 'y', op, input: ['x', 'kernel/read'], attr };
  const nodes = new GraphNodes(
    [
      { name: 'x', op: 'Placeholder' },
      { name: 'kernel', op: 'Const' },
      { name: 'kernel/read', op: 'Identity', input: ['kernel'] },
      node,
    ],
    [{ name: 'kernel', shape, dtype: 'float32' }],
  );
  return [nodes, node];
};

describe('a TensorFlow node', () => {
  const shapes: Record<string, number[]> = { x: [8, 8, 4], y: [6, 6, 5], q: [7, 3], k: [7, 5] };
  const macs = (op: string, kernel: number[], attr?: GraphNode['attr']): number | null =>
    nodeMacs(...graph(op, kernel, attr), (name) => shapes[name]);

  it.each<[string, number[], number | null]>([
    ['Conv2D', [3, 3, 4, 5], 180 * 36],
    ['_FusedConv2D', [3, 3, 4, 5], 180 * 36],
    // Grouped: each output channel meets two of the four input channels.
    ['Conv2D', [3, 3, 2, 5], 90 * 36],
    ['DepthwiseConv2dNative', [3, 3, 4, 1], 36 * 36],
    ['MatMul', [4, 5], 20 * 36],
    ['Relu', [], 0],
    ['MaxPool', [], 0],
    ['Mul', [4, 5], 0],
    ['Einsum', [4, 5], null],
    ['Conv3DBackpropInputV2', [2, 2, 2, 4, 5], null],
  ])('%s with a kernel of %j', (op, kernel, count) => {
    expect(macs(op, kernel)).toBe(count);
  });

  it('that multiplies two values of the input counts what it sums over, also transposed', () => {
    const product = (attr: GraphNode['attr']): number | null => {
      const node: GraphNode = { name: 'y', op: 'BatchMatMulV2', input: ['q', 'k'], attr: attr ?? {} };
      const nodes = new GraphNodes(
        [{ name: 'q', op: 'Placeholder' }, { name: 'k', op: 'Placeholder' }, node],
        [],
      );
      return nodeMacs(nodes, node, (name) => (name === 'y' ? [7, 5] : shapes[name]));
    };
    expect(product({})).toBe(35 * 3);
    expect(product({ adj_x: { b: true } })).toBe(35 * 7);
  });

  it('looks as far as its kernel, dilation and stride say, in either layout', () => {
    const window = (op: string, kernel: number[], attr: GraphNode['attr']) =>
      graphWindow(...graph(op, kernel, attr));
    const strides = list(1, 2, 2, 1);
    expect(window('Conv2D', [3, 5, 4, 5], { strides, dilations: list(1, 1, 3, 1) })).toEqual({
      size: [3, 13],
      stride: [2, 2],
    });
    const data_format = { s: Buffer.from('NCHW').toString('base64') };
    expect(window('Conv2D', [3, 3, 4, 5], { strides: list(1, 1, 2, 1), data_format })).toEqual({
      size: [3, 3],
      stride: [2, 1],
    });
    expect(window('MaxPool', [], { ksize: list(1, 3, 3, 1), strides })).toEqual({
      size: [3, 3],
      stride: [2, 2],
    });
    expect(window('Conv2DBackpropInput', [4, 4, 5, 4], { strides })).toEqual({
      size: [2, 2],
      stride: [0.5, 0.5],
    });
    expect(window('Relu', [], {})).toEqual({ size: [], stride: [] });
    expect(window('Mean', [], {})).toBeNull();
  });
});

const tensor = (name: string, dims: number[], dataType = 1): OnnxTensor => ({
  name,
  dims,
  dataType,
  externalData: [],
});
const onnxNode = (
  opType: string,
  input: string[],
  output: string,
  attribute: OnnxNode['attribute'] = [],
): OnnxNode => ({
  opType,
  input,
  output: [output],
  attribute,
});
const onnxGraph = (node: OnnxNode[], initializer: OnnxTensor[]): OnnxGraph => ({
  name: 'test',
  node,
  initializer,
  input: [],
  output: [],
});

describe('an ONNX node', () => {
  const shapes = new Map([
    ['x', [8, 8, 4]],
    ['y', [6, 6, 6]],
  ]);

  it.each<[string, number[], number | null]>([
    ['Conv', [6, 4, 3, 3], 216 * 36],
    // Two groups: [out, in / groups, height, width].
    ['Conv', [6, 2, 3, 3], 108 * 36],
    ['ConvTranspose', [4, 6, 2, 2], 96 * 64],
    ['Gemm', [4, 6], 24 * 36],
    ['Relu', [1], 0],
    ['BatchNormalization', [6], 0],
    ['Einsum', [4, 6], null],
    ['LSTM', [1, 8, 4], null],
  ])('%s with weights of %j', (op, dims, count) => {
    const node = onnxNode(op, ['x', 'w'], 'y');
    const weights = new OnnxWeights(onnxGraph([node], [tensor('w', dims)]), [node]);
    expect(onnxMacs(node, { weights, shapes })).toBe(count);
  });

  it('counts weights behind constants and fixed nodes once, and no shapes or counters', () => {
    const kernel = onnxNode('Constant', [], 'kernel', [
      { name: 'value', ints: [], t: tensor('', [6, 4, 3, 3]) },
    ]);
    const turned = onnxNode('Transpose', ['stored'], 'turned', [{ name: 'perm', ints: [1, 0] }]);
    const first = onnxNode('Conv', ['x', 'kernel'], 'a');
    const second = onnxNode('MatMul', ['a', 'turned'], 'b');
    const third = onnxNode('MatMul', ['b', 'turned'], 'c');
    const fixed = onnxNode('Constant', [], 'half', [{ name: 'value', ints: [], t: tensor('', [1]) }]);
    const scaled = onnxNode('Mul', ['c', 'half'], 'd');
    const computed = [first, second, third, scaled];
    const weights = new OnnxWeights(
      onnxGraph([kernel, turned, fixed, ...computed], [tensor('stored', [6, 7]), tensor('count', [2], 7)]),
      computed,
    );
    expect(computed.map((node) => weights.parametersOf(node))).toEqual([216, 42, 0, 0]);
    expect({ parameters: weights.parameters, arrays: weights.arrays }).toEqual({
      parameters: 258,
      arrays: 2,
    });
    expect(onnxMacs(second, { weights, shapes: new Map([['b', [3, 6]]]) })).toBe(42 * 3);
  });

  it('looks as far as its attributes, or its kernel, say', () => {
    const weights = new Map([['w', tensor('w', [6, 4, 3, 3])]]);
    const window = (op: string, attributes: Record<string, number[]>) =>
      onnxWindow(
        onnxNode(
          op,
          ['x', 'w'],
          'y',
          Object.entries(attributes).map(([name, ints]) => ({ name, ints })),
        ),
        weights,
      );
    expect(window('Conv', { strides: [2, 1], dilations: [1, 2] })).toEqual({ size: [3, 5], stride: [2, 1] });
    expect(window('MaxPool', { kernel_shape: [2, 2], strides: [2, 2] })).toEqual({
      size: [2, 2],
      stride: [2, 2],
    });
    expect(window('ConvTranspose', { strides: [2, 2] })).toEqual({ size: [2, 2], stride: [0.5, 0.5] });
    expect(window('Transpose', { perm: [0, 2, 3, 1] })).toEqual({ size: [], stride: [] });
    expect(window('Transpose', { perm: [0, 1, 3, 2] })).toBeNull();
    expect(window('GlobalAveragePool', {})).toBeNull();
  });
});
