import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding';
import { paysWinograd } from '../backend/winogradShapes';
import { attributeKeys } from './savedModel';
import type { Constant, Operation, Shape, Source, Trace } from './trace';
import { attributeOf, usesOf } from './uses';

const filterSide = 3;

const integer = (name: string, value: number): TFEOpAttr => ({
  name,
  type: attributeKeys.indexOf('i'),
  value,
});

const flag = (name: string, value: boolean): TFEOpAttr => ({ name, type: attributeKeys.indexOf('b'), value });

/** Stands for a bias or a residual where there is none. */
const nothing: Constant = {
  name: 'nothing',
  type: 'float32',
  shape: [0],
  bytes: new Uint8Array(),
};
const noSource: Source = { node: nothing.name, output: 0 };

/** The shapes that decide: maps are [batch, height, width, channels], filters [height, width, in, out]. */
interface Geometry {
  output: Shape;
  filter: Shape;
}

interface Replacement {
  /** An operation of `engine/backend/native/operations.cc`. */
  op: string;
  /** From the shapes of the operation's inputs and of its output. */
  geometry(inputs: readonly Shape[], output: Shape): Geometry;
  /** From the operation's inputs; without the constant sizes that TensorFlow's gradients take. */
  inputs(inputs: readonly Source[]): (Source | undefined)[];
}

/** By the operations of TensorFlow that they replace. */
const replacements: Readonly<Record<string, Replacement>> = {
  Conv2D: {
    op: 'WinogradConv2D',
    geometry: ([, filter = []], output) => ({ filter, output }),
    inputs: ([x, filter]) => [x, filter, noSource, noSource],
  },
  Conv2DBackpropInput: {
    op: 'WinogradConv2DBackpropInput',
    geometry: ([, filter = [], dy = []]) => ({ filter, output: dy }),
    inputs: ([, filter, dy]) => [dy, filter],
  },
  Conv2DBackpropFilter: {
    op: 'WinogradConv2DBackpropFilter',
    geometry: ([, , dy = []], filter) => ({ filter, output: dy }),
    inputs: ([x, , dy]) => [x, dy],
  },
};

const isUnit = (value: unknown): boolean => Array.isArray(value) && value.every((size) => size === 1);

/** Whether the operation is a 3x3 convolution, or a gradient of one, that Winograd's kernels take over. */
const isFor = (operation: Operation, { filter, output }: Geometry): boolean => {
  const [filterHeight, filterWidth, inChannels = 0, outChannels = 0] = filter;
  const [batch = 0, height = 0, width = 0] = output;
  return (
    filterHeight === filterSide &&
    filterWidth === filterSide &&
    operation.type !== null &&
    attributeOf(operation, 'data_format') === 'NHWC' &&
    ['SAME', 'VALID'].includes(String(attributeOf(operation, 'padding'))) &&
    isUnit(attributeOf(operation, 'strides')) &&
    isUnit(attributeOf(operation, 'dilations')) &&
    paysWinograd({ batch, height, width, inChannels, outChannels })
  );
};

const replaced = (operation: Operation): Operation => {
  const replacement = replacements[operation.op];
  const [result = []] = operation.shapes.outputs;
  if (!replacement || !isFor(operation, replacement.geometry(operation.shapes.inputs, result)))
    return operation;
  const before = attributeOf(operation, 'padding') === 'SAME' ? 1 : 0;
  const [, height = 0, width = 0] = result;
  return {
    ...operation,
    op: replacement.op,
    attributes: [
      integer('top', before),
      integer('left', before),
      integer('height', height),
      integer('width', width),
    ],
    inputs: replacement.inputs(operation.inputs) as Source[],
  };
};

const sameShape = (a: Shape | undefined, b: Shape | undefined): boolean => a?.join() === b?.join();

/** What stands after a convolution and can be done by it. */
const absorbed = (convolution: Operation, next: Operation): Operation | null => {
  const [x, filter, bias, residual] = convolution.inputs as [Source, Source, Source, Source];
  const relu = attributeOf(convolution, 'relu') === true;
  const ends = { ...convolution, name: next.name };
  if (relu) return null;
  if (next.op === 'Relu') return { ...ends, attributes: [...convolution.attributes, flag('relu', true)] };
  const position = next.inputs.findIndex(({ node }) => node === convolution.name);
  const other = next.inputs[1 - position];
  const shape = next.shapes.inputs[1 - position];
  const isSum = ['BiasAdd', 'AddV2', 'Add'].includes(next.op);
  if (!isSum || !other || !sameShape(next.shapes.outputs[0], convolution.shapes.outputs[0])) return null;
  if (
    bias === noSource &&
    residual === noSource &&
    sameShape(shape, convolution.shapes.outputs[0]?.slice(-1))
  )
    return { ...ends, inputs: [x, filter, other, residual] };
  if (residual === noSource && sameShape(shape, convolution.shapes.outputs[0]))
    return { ...ends, inputs: [x, filter, bias, other] };
  return null;
};

/** Joins convolutions with the bias, the sum with a shortcut and the ReLU that follow them and use them alone. */
const fused = (trace: Trace): Operation[] => {
  const uses = usesOf(trace);
  const made = new Map<string, Operation>();
  for (const operation of trace.operations) {
    const from = operation.inputs
      .map(({ node }) => made.get(node))
      .find((one) => one !== undefined && one.op === replacements.Conv2D?.op && uses.get(one.name) === 1);
    const joined = from && absorbed(from, operation);
    if (from && joined) made.delete(from.name);
    made.set(operation.name, joined ?? operation);
  }
  return [...made.values()];
};

/**
 * The same trace with 3x3 convolutions of stride 1 and their gradients by Winograd's F(4x4, 3x3), where that pays: a
 * quarter of the multiplications. What follows a convolution directly (bias, sum, ReLU) becomes part of it.
 */
export const withWinograd = (trace: Trace): Trace => {
  const operations = trace.operations.map(replaced);
  if (operations.every((operation, index) => operation === trace.operations[index])) return trace;
  const constants = [...trace.constants, nothing];
  const made = { ...trace, constants, operations: fused({ ...trace, operations }) };
  const uses = usesOf(made);
  return { ...made, constants: made.constants.filter(({ name }) => uses.has(name)) };
};
