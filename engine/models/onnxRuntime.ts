import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from 'onnxruntime-common';
import type * as bindingModule from 'onnxruntime-node/dist/binding.js';
import { Failed } from '../contract/failure';
import type { OnnxWeightFile } from './onnxWeightFiles';

type Values = Float32Array | Int32Array | BigInt64Array | Uint8Array;
type TensorClass = new (type: string, values: Values, dims: readonly number[]) => Tensor;

/** A tensor outside TensorFlow.js. */
export interface PlainTensor {
  values: Float32Array;
  dims: readonly number[];
}

/** A model with its outputs, run at once: onnxruntime's public interface answers later, which no forward pass can wait for. */
export interface OnnxSession {
  /** The outputs that hold float32 numbers. */
  floats: readonly string[];
  run(
    input: { name: string; type: string; values: Values; dims: readonly number[] },
    names: readonly string[],
  ): PlainTensor[];
  dispose(): void;
}

/** What one node of a graph took in one pass. */
export interface NodeTime {
  /** The node's position in the graph. */
  index: number;
  op: string;
  milliseconds: number;
}

/** A model's file, and the files beside it that hold its weights. */
export interface OnnxBytes {
  bytes: Uint8Array;
  weightFiles: readonly OnnxWeightFile[];
}

export interface OnnxRuntime {
  /** Throws the library's own error for a model that it refuses. */
  open(model: OnnxBytes): OnnxSession;
  /** Times the nodes as the file has them, none merged, in the passes that `work` runs. */
  timed(model: OnnxBytes, work: (session: OnnxSession) => void): NodeTime[];
}

const float32 = 1;
/** Failures reach the caller as errors; onnxruntime need not print them too. */
const quiet = 4;
/** Threads that spin while they wait would take the cores from the backend that trains. */
const yielding = { session: { intra_op: { allow_spinning: '0' } } };

type Binding = typeof bindingModule;
type Session = InstanceType<Binding['binding']['InferenceSession']>;

const sessionOf = (session: Session, tensor: TensorClass): OnnxSession => ({
  floats: session.outputMetadata.filter(({ type }) => type === float32).map(({ name }) => name),
  run: ({ name, type, values, dims }, names) => {
    const wanted = Object.fromEntries(names.map((output) => [output, null]));
    const found = session.run({ [name]: new tensor(type, values, dims) }, wanted, {
      logSeverityLevel: quiet,
    }) as Record<string, Tensor>;
    return names.map((output) => {
      const { data, dims: shape } = found[output] as Tensor;
      return { values: data as Float32Array, dims: shape };
    });
  },
  dispose: () => session.dispose(),
});

interface ProfileEvent {
  cat: string;
  name: string;
  /** Microseconds. */
  dur: number;
  args?: { node_index?: string; op_name?: string };
}

const nodeTimes = (events: readonly ProfileEvent[]): NodeTime[] =>
  events.flatMap(({ cat, name, dur, args }) =>
    cat === 'Node' && name.endsWith('_kernel_time')
      ? [{ index: Number(args?.node_index), op: args?.op_name ?? '', milliseconds: dur / 1000 }]
      : [],
  );

/** What onnxruntime wrote about the passes of `work` into a folder made for it. */
const profileOf = (work: (prefix: string) => void): ProfileEvent[] => {
  const folder = mkdtempSync(join(tmpdir(), 'retort-onnx-'));
  try {
    work(join(folder, 'profile'));
    const [file] = readdirSync(folder);
    return file === undefined ? [] : (JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const runtimeOf = ({ binding, initOrt }: Binding, tensor: TensorClass): OnnxRuntime => {
  const load = ({ bytes, weightFiles }: OnnxBytes, options: Parameters<Session['loadModel']>[3]): Session => {
    initOrt();
    const session = new binding.InferenceSession();
    const { buffer, byteOffset, byteLength } = bytes;
    session.loadModel(buffer as ArrayBuffer, byteOffset, byteLength, {
      logSeverityLevel: quiet,
      extra: yielding,
      externalData: weightFiles,
      ...options,
    });
    return session;
  };
  return {
    open: (model) => sessionOf(load(model, {}), tensor),
    timed: (model, work) =>
      nodeTimes(
        profileOf((profileFilePrefix) => {
          const session = load(model, {
            enableProfiling: true,
            profileFilePrefix,
            graphOptimizationLevel: 'disabled',
          });
          work(sessionOf(session, tensor));
          session.endProfiling();
          session.dispose();
        }),
      ),
  };
};

type Import = (name: string) => Promise<unknown>;

const load = async (bring: Import): Promise<OnnxRuntime> => {
  const [library, { Tensor }] = (await Promise.all([
    bring('onnxruntime-node/dist/binding.js'),
    bring('onnxruntime-node'),
  ])) as [typeof bindingModule, { Tensor: TensorClass }];
  return runtimeOf(library, Tensor);
};

/** onnxruntime-node, Retort's own or else the one of the project that holds the model. Throws `backendMissing`. */
export const loadOnnxRuntime = async (modelFile: string): Promise<OnnxRuntime> => {
  const own: Import = (name) =>
    name === 'onnxruntime-node' ? import('onnxruntime-node') : import('onnxruntime-node/dist/binding.js');
  const beside: Import = (name) => Promise.resolve(createRequire(modelFile)(name));
  try {
    return await load(own).catch(() => load(beside));
  } catch (error) {
    throw new Failed(
      'backendMissing',
      `ONNX models need onnxruntime-node, which does not load (${(error as Error).message.split('\n')[0]}).`,
      'Run `npm install onnxruntime-node` in the project that holds the model.',
      { cause: error },
    );
  }
};
