import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding';
import protobuf from 'protobufjs/light.js';
import type { Divided } from './storedConstants';
import { Untraceable, type Constant, type Operation, type Source, type Trace } from './trace';

/** The part of TensorFlow's SavedModel format that a graph of operations needs (names and numbers are TensorFlow's). */
const format: protobuf.INamespace = {
  nested: {
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    TensorShapeProto: { fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 } } },
    TensorProto: {
      fields: {
        dtype: { type: 'int32', id: 1 },
        tensorShape: { type: 'TensorShapeProto', id: 2 },
        tensorContent: { type: 'bytes', id: 4 },
      },
    },
    ListValue: {
      fields: {
        i: { rule: 'repeated', type: 'int64', id: 3, options: { packed: true } },
        f: { rule: 'repeated', type: 'float', id: 4, options: { packed: true } },
        b: { rule: 'repeated', type: 'bool', id: 5, options: { packed: true } },
        type: { rule: 'repeated', type: 'int32', id: 6, options: { packed: true } },
      },
    },
    AttrValue: {
      oneofs: { value: { oneof: ['list', 's', 'i', 'f', 'b', 'type', 'shape', 'tensor'] } },
      fields: {
        list: { type: 'ListValue', id: 1 },
        s: { type: 'bytes', id: 2 },
        i: { type: 'int64', id: 3 },
        f: { type: 'float', id: 4 },
        b: { type: 'bool', id: 5 },
        type: { type: 'int32', id: 6 },
        shape: { type: 'TensorShapeProto', id: 7 },
        tensor: { type: 'TensorProto', id: 8 },
      },
    },
    NodeDef: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'AttrValue', id: 5 } as protobuf.IField,
      },
    },
    VersionDef: { fields: { producer: { type: 'int32', id: 1 } } },
    GraphDef: {
      fields: {
        node: { rule: 'repeated', type: 'NodeDef', id: 1 },
        versions: { type: 'VersionDef', id: 4 },
      },
    },
    MetaInfoDef: { fields: { tags: { rule: 'repeated', type: 'string', id: 4 } } },
    MetaGraphDef: {
      fields: { metaInfoDef: { type: 'MetaInfoDef', id: 1 }, graphDef: { type: 'GraphDef', id: 2 } },
    },
    SavedModel: {
      fields: {
        savedModelSchemaVersion: { type: 'int64', id: 1 },
        metaGraphs: { rule: 'repeated', type: 'MetaGraphDef', id: 2 },
      },
    },
  },
};
const messages = protobuf.Root.fromJSON(format);

type Attribute = Record<string, unknown>;
interface Node {
  name: string;
  op: string;
  input: string[];
  attr: Record<string, Attribute>;
}

/** TensorFlow's numbers for element types. */
const typeNumbers = { float32: 1, int32: 3, int64: 9, bool: 10 } as const;
type ElementType = keyof typeof typeNumbers;
/** Fixed by the graph format, not by the TensorFlow that reads it: any TensorFlow 2 accepts it. */
const graphVersion = 987;

const shapeProto = (shape: readonly number[]): Attribute => ({ dim: shape.map((size) => ({ size })) });
const typeOf = (dtype: string): number => {
  const number = typeNumbers[dtype as ElementType];
  if (number === undefined) throw new Untraceable(`it uses a tensor of the type ${dtype}`);
  return number;
};

const textOf = ({ node, output }: Source): string => (output === 0 ? node : `${node}:${output}`);
const after = (node: string): string => `^${node}`;

/** Attribute kinds as the binding numbers them: string, int, float, bool, type, shape. */
export const attributeKeys = ['s', 'i', 'f', 'b', 'type', 'shape'] as const;

const attributeValue = ({ name, type, value }: TFEOpAttr): Attribute => {
  const key = attributeKeys[type];
  if (key === undefined) throw new Untraceable(`it uses the attribute ${name}, whose kind is unknown`);
  if (key === 'shape') return { shape: shapeProto(value as unknown as number[]) };
  if (key === 's') return { s: Buffer.from(String(value)) };
  return Array.isArray(value) ? { list: { [key]: value } } : { [key]: value };
};

/** Attributes that eager TensorFlow infers and tfjs-node therefore leaves out. */
const impliedAttributes = ({ op, type }: Operation): Record<string, Attribute> =>
  op === 'ExpandDims' && type !== null
    ? { T: { type: typeOf(type) }, Tdim: { type: typeNumbers.int32 } }
    : {};

const operationNode = (operation: Operation): Node => {
  const { name, op, attributes, inputs } = operation;
  const given = attributes.map((attribute) => [attribute.name, attributeValue(attribute)] as const);
  return {
    name,
    op,
    input: inputs.map(textOf),
    attr: { ...impliedAttributes(operation), ...Object.fromEntries(given) },
  };
};

const constantNode = ({ name, type, shape, bytes }: Constant): Node => ({
  name,
  op: 'Const',
  input: [],
  attr: {
    dtype: { type: typeOf(type) },
    value: { tensor: { dtype: typeOf(type), tensorShape: shapeProto(shape), tensorContent: bytes } },
  },
});

const placeholder = (name: string, dtype: string, shape: readonly number[]): Node => ({
  name,
  op: 'Placeholder',
  input: [],
  attr: { dtype: { type: typeOf(dtype) }, shape: { shape: shapeProto(shape) } },
});

interface Kept {
  name: string;
  /** Of the node that gives its value. */
  reader: string;
  dtype: string;
  shape: readonly number[];
}

/** What lives in the session, its value as the step reads it, and the way to set it from outside. */
const keptNodes = ({ name, reader, dtype, shape }: Kept): Node[] => {
  const type = { type: typeOf(dtype) };
  const attr = { dtype: type, shape: { shape: shapeProto(shape) }, shared_name: { s: Buffer.from(name) } };
  return [
    { name, op: 'VarHandleOp', input: [], attr },
    { name: reader, op: 'ReadVariableOp', input: [name], attr: { dtype: type } },
    placeholder(`given${name}`, dtype, shape),
    { name: `set${name}`, op: 'AssignVariableOp', input: [name, `given${name}`], attr: { dtype: type } },
  ];
};

const variableNodes = ({ name, variable: { dtype, shape } }: Trace['variables'][number]): Node[] =>
  keptNodes({ name, reader: `read${name}`, dtype, shape });

/** The name under which a constant that lies outside the graph is kept. */
export const storedName = ({ name }: Constant): string => `stored${name}`;

const storedNodes = (constant: Constant): Node[] =>
  keptNodes({
    name: storedName(constant),
    reader: constant.name,
    dtype: constant.type,
    shape: constant.shape,
  });

/** The step's own assignment; only after the step has read the old value. */
const updateNodes = ({ name, variable, value }: Trace['variables'][number]): Node[] =>
  value === null
    ? []
    : [
        {
          name: `update${name}`,
          op: 'AssignVariableOp',
          input: [name, textOf(value), after(`read${name}`)],
          attr: { dtype: { type: typeOf(variable.dtype) } },
        },
      ];

/** Names of the nodes that are asked for. */
export const stepNode = 'step';
export const setNode = 'set';
export const storeNode = 'store';

/** Asked for, it has everything of these names set. */
const settingNode = (name: string, names: readonly string[]): Node => ({
  name,
  op: 'Identity',
  input: ['zero', ...names.map((one) => after(`set${one}`))],
  attr: { T: { type: typeNumbers.float32 } },
});

const resultNodes = ({ results, variables }: Trace): Node[] => {
  const float = { type: typeNumbers.float32 };
  const updates = variables.filter(({ value }) => value !== null).map(({ name }) => after(`update${name}`));
  const count = { i: results.length };
  return [
    {
      name: 'results',
      op: 'Pack',
      input: results.map(({ source }) => textOf(source)),
      attr: { T: float, N: count, axis: { i: 0 } },
    },
    { name: stepNode, op: 'Identity', input: ['results', ...updates], attr: { T: float } },
    constantNode({ name: 'zero', type: 'float32', shape: [], bytes: new Uint8Array(4) }),
    settingNode(
      setNode,
      variables.map(({ name }) => name),
    ),
  ];
};

/**
 * `saved_model.pb` for a traced step; the values of `stored` are given once it is loaded. Throws {@link Untraceable} for
 * what the format cannot say.
 */
export const encodeSavedModel = ({ trace, stored }: Divided): Uint8Array => {
  const node = [
    ...trace.inputs.map(({ name, tensor }) => placeholder(name, tensor.dtype, tensor.shape)),
    ...trace.constants.map(constantNode),
    ...trace.variables.flatMap(variableNodes),
    ...trace.operations.map(operationNode),
    ...trace.variables.flatMap(updateNodes),
    ...resultNodes(trace),
    ...stored.flatMap(storedNodes),
    settingNode(storeNode, stored.map(storedName)),
  ];
  const graphDef = { node, versions: { producer: graphVersion } };
  const model = { savedModelSchemaVersion: 1, metaGraphs: [{ metaInfoDef: { tags: ['serve'] }, graphDef }] };
  const type = messages.lookupType('SavedModel');
  return type.encode(type.create(model)).finish(true);
};
