import protobuf from 'protobufjs/light.js';

/**
 * The part of TensorFlow's SavedModel format that tells what a graph computes (names and numbers are TensorFlow's).
 * Attributes stay bytes: they are copied as they are, and read one by one where they matter.
 */
const format: protobuf.INamespace = {
  nested: {
    Dim: { fields: { size: { type: 'int64', id: 1 } } },
    TensorShapeProto: {
      fields: { dim: { rule: 'repeated', type: 'Dim', id: 2 }, unknownRank: { type: 'bool', id: 3 } },
    },
    ListValue: { fields: { i: { rule: 'repeated', type: 'int64', id: 3, options: { packed: true } } } },
    NameAttrList: { fields: { name: { type: 'string', id: 1 } } },
    TensorProto: { fields: { tensorShape: { type: 'TensorShapeProto', id: 2 } } },
    AttrValue: {
      fields: {
        list: { type: 'ListValue', id: 1 },
        s: { type: 'bytes', id: 2 },
        b: { type: 'bool', id: 5 },
        type: { type: 'int32', id: 6 },
        shape: { type: 'TensorShapeProto', id: 7 },
        tensor: { type: 'TensorProto', id: 8 },
        placeholder: { type: 'string', id: 9 },
        func: { type: 'NameAttrList', id: 10 },
      },
    },
    NodeDef: {
      fields: {
        name: { type: 'string', id: 1 },
        op: { type: 'string', id: 2 },
        input: { rule: 'repeated', type: 'string', id: 3 },
        attr: { keyType: 'string', type: 'bytes', id: 5 } as protobuf.IField,
      },
    },
    ArgDef: { fields: { name: { type: 'string', id: 1 } } },
    OpDef: {
      fields: {
        name: { type: 'string', id: 1 },
        inputArg: { rule: 'repeated', type: 'ArgDef', id: 2 },
        outputArg: { rule: 'repeated', type: 'ArgDef', id: 3 },
      },
    },
    FunctionDef: {
      fields: {
        signature: { type: 'OpDef', id: 1 },
        nodeDef: { rule: 'repeated', type: 'NodeDef', id: 3 },
        ret: { keyType: 'string', type: 'string', id: 4 } as protobuf.IField,
      },
    },
    FunctionDefLibrary: { fields: { function: { rule: 'repeated', type: 'FunctionDef', id: 1 } } },
    GraphDef: {
      fields: {
        node: { rule: 'repeated', type: 'NodeDef', id: 1 },
        library: { type: 'FunctionDefLibrary', id: 2 },
      },
    },
    TensorInfo: {
      fields: {
        name: { type: 'string', id: 1 },
        dtype: { type: 'int32', id: 2 },
        tensorShape: { type: 'TensorShapeProto', id: 3 },
      },
    },
    SignatureDef: {
      fields: {
        inputs: { keyType: 'string', type: 'TensorInfo', id: 1 } as protobuf.IField,
        outputs: { keyType: 'string', type: 'TensorInfo', id: 2 } as protobuf.IField,
      },
    },
    MetaInfoDef: { fields: { tags: { rule: 'repeated', type: 'string', id: 4 } } },
    MetaGraphDef: {
      fields: {
        metaInfoDef: { type: 'MetaInfoDef', id: 1 },
        graphDef: { type: 'GraphDef', id: 2 },
        signatureDef: { keyType: 'string', type: 'SignatureDef', id: 5 } as protobuf.IField,
      },
    },
    SavedModel: {
      fields: {
        savedModelSchemaVersion: { type: 'int64', id: 1 },
        metaGraphs: { rule: 'repeated', type: 'bytes', id: 2 },
      },
    },
  },
};
const messages = protobuf.Root.fromJSON(format);
const [savedModel, metaGraphDef, attrValue] = ['SavedModel', 'MetaGraphDef', 'AttrValue'].map((name) =>
  messages.lookupType(name),
) as [protobuf.Type, protobuf.Type, protobuf.Type];

interface ShapeProto {
  dim: { size: number }[];
  unknownRank?: boolean;
}

/** An attribute as far as it is read here. */
export interface Attribute {
  list?: { i: number[] };
  s?: Uint8Array;
  b?: boolean;
  /** TensorFlow's number of an element type. */
  type?: number;
  shape?: ShapeProto;
  tensor?: { tensorShape?: ShapeProto };
  placeholder?: string;
  func?: { name: string };
}

export interface StoredNode {
  name: string;
  op: string;
  /** `node`, `node:1`, `^node`; within a function `argument` or `node:output:0`. */
  input: string[];
  attr: Record<string, Uint8Array>;
}

export interface StoredFunction {
  signature: { name: string; inputArg: { name: string }[]; outputArg: { name: string }[] };
  nodeDef: StoredNode[];
  /** By output, the value within the function. */
  ret: Record<string, string>;
}

/** A value of the graph that a signature takes or gives. */
export interface TensorPlace {
  /** `node:0`. */
  name: string;
  dtype: number;
  tensorShape?: ShapeProto;
}

export interface Signature {
  inputs: Record<string, TensorPlace>;
  outputs: Record<string, TensorPlace>;
}

export interface StoredGraph {
  tags: string[];
  nodes: StoredNode[];
  functions: ReadonlyMap<string, StoredFunction>;
  signatures: Record<string, Signature>;
  /** The meta graph as it is stored. */
  bytes: Uint8Array;
}

interface MetaGraph {
  metaInfoDef?: { tags: string[] };
  graphDef?: { node: StoredNode[]; library?: { function: StoredFunction[] } };
  signatureDef: Record<string, Signature>;
}

const plain = { longs: Number, arrays: true, objects: true } as const;

const graphOf = (bytes: Uint8Array): StoredGraph => {
  const meta = metaGraphDef.toObject(metaGraphDef.decode(bytes), plain) as MetaGraph;
  const functions = meta.graphDef?.library?.function ?? [];
  return {
    tags: meta.metaInfoDef?.tags ?? [],
    nodes: meta.graphDef?.node ?? [],
    functions: new Map(functions.map((one) => [one.signature.name, one])),
    signatures: meta.signatureDef,
    bytes,
  };
};

/** The graphs of a `saved_model.pb`; null for bytes that hold none. */
export const readSavedModel = (bytes: Uint8Array): StoredGraph[] | null => {
  try {
    const { metaGraphs } = savedModel.toObject(savedModel.decode(bytes), plain) as {
      metaGraphs: Uint8Array[];
    };
    const graphs = metaGraphs.map(graphOf);
    return graphs.length > 0 ? graphs : null;
  } catch {
    return null;
  }
};

export const readAttribute = (bytes: Uint8Array | undefined): Attribute =>
  bytes ? (attrValue.toObject(attrValue.decode(bytes), { longs: Number, arrays: true }) as Attribute) : {};

/** Without the batch dimension, -1 where open; null where even their number is. */
export const lengthsOf = (shape: ShapeProto | undefined): number[] | null =>
  !shape || shape.unknownRank ? null : shape.dim.map(({ size }) => size ?? 0);

/**
 * A `saved_model.pb` of one graph with more nodes. Protocol buffers merge a message that comes in parts, so the nodes are
 * a second part of the graph, put behind it; everything else stays as it is stored.
 */
export const withNodes = ({ bytes }: StoredGraph, nodes: readonly StoredNode[]): Uint8Array => {
  const addition = metaGraphDef.encode({ graphDef: { node: nodes } }).finish();
  return savedModel
    .encode({ savedModelSchemaVersion: 1, metaGraphs: [Buffer.concat([bytes, addition])] })
    .finish();
};
