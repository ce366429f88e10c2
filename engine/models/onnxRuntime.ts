import { createRequire } from 'node:module';
import type { Tensor } from 'onnxruntime-common';
import type * as bindingModule from 'onnxruntime-node/dist/binding.js';
import { Failed } from '../contract/failure';

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

export interface OnnxRuntime {
  /** Throws the library's own error for a model that it refuses. */
  open(model: Uint8Array): OnnxSession;
}

const float32 = 1;
/** Failures reach the caller as errors; onnxruntime need not print them too. */
const quiet = 4;

const runtimeOf = ({ binding, initOrt }: typeof bindingModule, tensor: TensorClass): OnnxRuntime => ({
  open: (model) => {
    initOrt();
    const session = new binding.InferenceSession();
    session.loadModel(model.buffer as ArrayBuffer, model.byteOffset, model.byteLength, {
      logSeverityLevel: quiet,
    });
    return {
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
    };
  },
});

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
