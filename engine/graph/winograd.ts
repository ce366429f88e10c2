import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding';
import { paysWinograd } from '../backend/winogradShapes';
import { attributeKeys } from './savedModel';
import type { Constant, Operation, Shape, Source, Trace } from './trace';
import { attributeOf, usesOf } from './uses';

/** The operations of `engine/backend/native/operations.cc`, by the ones of TensorFlow that they replace. */
const replacements: Readonly<Record<string, string>> = {
  Conv2D: 'WinogradConv2D',
  Conv2DBackpropInput: 'WinogradConv2DBackpropInput',
  Conv2DBackpropFilter: 'WinogradConv2DBackpropFilter',
};

const filterSide = 3;

const integer = (name: string, value: number): TFEOpAttr => ({
  name,
  type: attributeKeys.indexOf('i'),
  value,
});

const flag = (name: string, value: boolean): TFEOpAttr => ({ name, type: attributeKeys.indexOf('b'), value });

/** The shapes that a convolution or a gradient of it is about. */
interface Geometry {
  /** Maps: [batch, height, width, channels]. */
  input: Shape;
  output: Shape;
  /** [height, width, in, out]. */
  filter: Shape;
}

const geometryOf = ({ op, shapes }: Operation): Geometry | null => {
  const [first = [], second = [], third = []] = shapes.inputs;
  const [result = []] = shapes.outputs;
  if (op === 'Conv2D') return { input: first, filter: second, output: result };
  if (op === 'Conv2DBackpropInput') return { filter: second, output: third, input: result };
  if (op === 'Conv2DBackpropFilter') return { input: first, output: third, filter: result };
  return null;
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

/** Stands for a bias or a residual where there is none. */
const nothing: Constant = {
  name: 'nothing',
  type: 'float32',
  shape: [0],
  bytes: new Uint8Array(),
};
const noSource: Source = { node: nothing.name, output: 0 };

/** Without the constant sizes that TensorFlow's gradients take. */
const inputsFor = ({ op, inputs }: Operation): Source[] => {
  const [first, second, third] = inputs as [Source, Source, Source];
  if (op === 'Conv2D') return [first, second, noSource, noSource];
  return op === 'Conv2DBackpropInput' ? [third, second] : [first, third];
};

const replaced = (operation: Operation): Operation => {
  const geometry = geometryOf(operation);
  const op = replacements[operation.op];
  if (!geometry || op === undefined || !isFor(operation, geometry)) return operation;
  const before = attributeOf(operation, 'padding') === 'SAME' ? 1 : 0;
  const [, height = 0, width = 0] = operation.shapes.outputs[0] ?? [];
  return {
    ...operation,
    op,
    attributes: [
      integer('top', before),
      integer('left', before),
      integer('height', height),
      integer('width', width),
    ],
    inputs: inputsFor(operation),
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
      .find((one) => one !== undefined && one.op === replacements.Conv2D && uses.get(one.name) === 1);
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
