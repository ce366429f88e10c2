import protobuf from 'protobufjs/light.js';

/** The part of ONNX's file format that tells what a graph computes (names and numbers are ONNX's); weights stay unread. */
const format: protobuf.INamespace = {
  nested: {
    Entry: { fields: { key: { type: 'string', id: 1 }, value: { type: 'string', id: 2 } } },
    TensorProto: {
      fields: {
        dims: { rule: 'repeated', type: 'int64', id: 1 },
        dataType: { type: 'int32', id: 2 },
        name: { type: 'string', id: 8 },
        externalData: { rule: 'repeated', type: 'Entry', id: 13 },
      },
    },
    AttributeProto: {
      fields: {
        name: { type: 'string', id: 1 },
        t: { type: 'TensorProto', id: 5 },
        ints: { rule: 'repeated', type: 'int64', id: 8 },
      },
    },
    NodeProto: {
      fields: {
        input: { rule: 'repeated', type: 'string', id: 1 },
        output: { rule: 'repeated', type: 'string', id: 2 },
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'AttributeProto', id: 5 },
      },
    },
    Dimension: { fields: { dimValue: { type: 'int64', id: 1 } } },
    TensorShapeProto: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } } },
    TensorType: {
      fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'TensorShapeProto', id: 2 } },
    },
    TypeProto: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    ValueInfoProto: { fields: { name: { type: 'string', id: 1 }, type: { type: 'TypeProto', id: 2 } } },
    GraphProto: {
      fields: {
        node: { rule: 'repeated', type: 'NodeProto', id: 1 },
        name: { type: 'string', id: 2 },
        initializer: { rule: 'repeated', type: 'TensorProto', id: 5 },
        input: { rule: 'repeated', type: 'ValueInfoProto', id: 11 },
        output: { rule: 'repeated', type: 'ValueInfoProto', id: 12 },
      },
    },
    ModelProto: { fields: { graph: { type: 'GraphProto', id: 7 } } },
  },
};
const messages = protobuf.Root.fromJSON(format);
const modelProto = messages.lookupType('ModelProto');

export interface OnnxTensor {
  name: string;
  dims: number[];
  /** ONNX's number: 1 is float32. */
  dataType: number;
  /** Where its values lie, if not in the file itself: `location`, `offset`, `length`. */
  externalData: { key: string; value: string }[];
}

export interface OnnxNode {
  input: string[];
  output: string[];
  opType: string;
  /** `t`: the tensor of a constant. */
  attribute: { name: string; ints: number[]; t?: OnnxTensor }[];
}

export interface OnnxValueInfo {
  name: string;
  type?: { tensorType?: { elemType?: number; shape?: { dim: { dimValue?: number }[] } } };
}

export interface OnnxGraph {
  name: string;
  /** Each after the nodes that it reads, as ONNX asks. */
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValueInfo[];
  output: OnnxValueInfo[];
}

/** Null for bytes that hold no ONNX model. */
export const readOnnx = (bytes: Uint8Array): OnnxGraph | null => {
  try {
    const model = modelProto.toObject(modelProto.decode(bytes), { longs: Number, arrays: true }) as {
      graph?: OnnxGraph;
    };
    return model.graph && model.graph.node.length > 0
      ? { ...model.graph, name: model.graph.name ?? '' }
      : null;
  } catch {
    return null;
  }
};

/**
 * The same model with more of its values as outputs. Protocol buffers merge a message that comes in parts, so the
 * outputs are a second part of the graph, put behind the file.
 */
export const withOutputs = (bytes: Uint8Array, graph: OnnxGraph, names: readonly string[]): Uint8Array => {
  const known = new Set(graph.output.map(({ name }) => name));
  const output = names.filter((name) => !known.has(name)).map((name) => ({ name }));
  return Buffer.concat([bytes, modelProto.encode({ graph: { output } }).finish()]);
};
