import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';
import type { TFEOpAttr } from '@tensorflow/tfjs-node-gpu/dist/tfjs_binding';
import { SharedBuffers } from './sharedBuffers';

/** A tensor within the graph: the output of a node. */
export interface Source {
  node: string;
  output: number;
}

export type Shape = readonly number[];

export type ConstantType = 'float32' | 'int32' | 'bool' | 'int64';

/** One TensorFlow operation, as tfjs-node asked for it. */
export interface Operation {
  name: string;
  op: string;
  attributes: readonly TFEOpAttr[];
  inputs: readonly Source[];
  /** Element type of the first input. */
  type: string | null;
  /** Of its inputs and outputs. */
  shapes: { inputs: readonly Shape[]; outputs: readonly Shape[] };
}

export interface Constant {
  name: string;
  type: ConstantType;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** What one execution of a step asked TensorFlow for. */
export interface Trace {
  operations: readonly Operation[];
  constants: readonly Constant[];
  /** In order of the inputs given. */
  inputs: readonly { name: string; tensor: tf.Tensor }[];
  /** Variables that were read or changed; `value` is set for those that were changed. */
  variables: readonly { name: string; variable: tf.Variable; value: Source | null }[];
  results: readonly { name: string; source: Source }[];
}

/** Thrown while tracing: the step does what a graph cannot repeat. */
export class Untraceable extends Error {}

type DataId = object;
type Input = Parameters<NodeJSKernelBackend['executeMultipleOutputs']>[2][number];

/** Variables that exist, by what holds their value now. */
const variablesByData = (): Map<DataId, tf.Variable> =>
  new Map(
    Object.values(tf.engine().state.registeredVariables).map((variable) => [variable.dataId, variable]),
  );

class Tracer {
  readonly operations: Operation[] = [];
  readonly constants: Constant[] = [];
  private readonly sources = new Map<DataId, Source>();
  private readonly before = variablesByData();
  private readonly read = new Map<tf.Variable, string>();
  /** Data of the step is not reused for other tensors while the trace lives. */
  private readonly computed = new Set<DataId>();

  constructor(
    private readonly backend: NodeJSKernelBackend,
    readonly inputs: readonly { name: string; tensor: tf.Tensor }[],
    private readonly fixed: ReadonlySet<tf.Variable>,
  ) {
    for (const { name, tensor } of inputs) this.sources.set(tensor.dataId, { node: name, output: 0 });
  }

  record(
    op: string,
    attributes: readonly TFEOpAttr[],
    inputs: readonly Input[],
    outputs: readonly tf.Tensor[],
  ): void {
    const name = `op${this.operations.length}`;
    const [first] = inputs;
    const type = first && 'dtype' in first ? first.dtype : null;
    const shapes = {
      inputs: inputs.map((input) => ('shape' in input ? input.shape : [])),
      outputs: outputs.map(({ shape }) => shape),
    };
    const sources = inputs.map((input) => this.sourceOf(input));
    this.operations.push({ name, op, attributes, type, inputs: sources, shapes });
    outputs.forEach((tensor, output) => {
      this.sources.set(tensor.dataId, { node: name, output });
      this.computed.add(tensor.dataId);
    });
  }

  isComputed(data: DataId): boolean {
    return this.computed.has(data);
  }

  /** Where a tensor's value comes from: the step so far, a variable, else a constant. */
  sourceOf(input: Input): Source {
    if ('valueArray' in input) return this.constant('int64', [], input.valueArray as Int32Array);
    const known = this.sources.get(input.dataId);
    if (known) return known;
    const variable = this.before.get(input.dataId);
    const isVariable = variable !== undefined && !this.fixed.has(variable);
    const source = isVariable ? { node: `read${this.touch(variable)}`, output: 0 } : this.constantOf(input);
    this.sources.set(input.dataId, source);
    return source;
  }

  /** All variables that the step read or changed. */
  variables(): Trace['variables'] {
    const changed = new Map<tf.Variable, Source>();
    for (const [data, variable] of this.before) {
      if (variable.isDisposed) throw new Untraceable('it disposes a variable');
      if (variable.dataId !== data) {
        if (this.fixed.has(variable)) throw new Untraceable('it changes what is said to be fixed');
        changed.set(variable, this.sourceOf(variable));
        this.touch(variable);
      }
    }
    return [...this.read].map(([variable, name]) => ({
      name,
      variable,
      value: changed.get(variable) ?? null,
    }));
  }

  private touch(variable: tf.Variable): string {
    const name = this.read.get(variable) ?? `variable${this.read.size}`;
    this.read.set(variable, name);
    return name;
  }

  private constantOf(tensor: tf.TensorInfo): Source {
    if (tensor.dtype !== 'float32' && tensor.dtype !== 'int32' && tensor.dtype !== 'bool')
      throw new Untraceable(`it uses a constant of the type ${tensor.dtype}`);
    return this.constant(tensor.dtype, tensor.shape, this.backend.readSync(tensor.dataId) as Float32Array);
  }

  private constant(type: ConstantType, shape: readonly number[], values: Float32Array | Int32Array): Source {
    const name = `constant${this.constants.length}`;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.constants.push({ name, type, shape, bytes });
    return { node: name, output: 0 };
  }
}

/** Puts the tracer between the backend and TensorFlow; gives the function that takes it away. */
const intercept = (
  backend: NodeJSKernelBackend,
  tracer: Tracer,
  buffers: SharedBuffers | null,
): (() => void) => {
  const { executeMultipleOutputs, readSync } = backend;
  const execute: typeof executeMultipleOutputs = (name, attributes, inputs, count) => {
    const outputs = executeMultipleOutputs.call(backend, name, attributes, inputs, count);
    tracer.record(name, attributes, inputs, outputs);
    for (const output of outputs) buffers?.share(output);
    return outputs;
  };
  const random = Math.random;
  Math.random = () => {
    throw new Untraceable('it draws random numbers');
  };
  backend.executeMultipleOutputs = execute;
  backend.executeSingleOutput = (name, attributes, inputs) =>
    execute(name, attributes, inputs, 1)[0] as tf.Tensor;
  backend.readSync = (data) => {
    if (tracer.isComputed(data)) throw new Untraceable('it reads the value of a tensor');
    return readSync.call(backend, data);
  };
  return () => {
    Math.random = random;
    for (const name of ['executeMultipleOutputs', 'executeSingleOutput', 'readSync'] as const)
      Reflect.deleteProperty(backend, name);
  };
};

export interface TraceOptions {
  /** Variables that become constants. */
  fixed?: ReadonlySet<tf.Variable>;
  /** Values do not matter but for small tensors: large ones share their memory, and what the step computes is void. */
  sharing?: boolean;
}

/**
 * Executes a step once and records what it asks of TensorFlow. The step's effect on variables stands. Throws
 * {@link Untraceable} for a step that reads a tensor's value or draws random numbers.
 */
export const trace = (
  backend: NodeJSKernelBackend,
  inputs: readonly tf.Tensor[],
  step: () => Record<string, tf.Tensor>,
  { fixed = new Set(), sharing = false }: TraceOptions = {},
): Trace => {
  const named = inputs.map((tensor, index) => ({ name: `input${index}`, tensor }));
  const tracer = new Tracer(backend, named, fixed);
  const buffers = sharing ? new SharedBuffers(backend) : null;
  const restore = intercept(backend, tracer, buffers);
  try {
    const made = step();
    const results = Object.entries(made).map(([name, tensor]) => ({ name, source: tracer.sourceOf(tensor) }));
    const { operations, constants } = tracer;
    const found = { inputs: named, variables: tracer.variables(), results, operations, constants };
    tf.dispose(made);
    return found;
  } finally {
    restore();
    buffers?.dispose();
  }
};
