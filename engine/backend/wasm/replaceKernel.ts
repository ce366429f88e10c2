import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

export const backendName = 'wasm';

type KernelParams = Parameters<tf.KernelFunc>[0];

/** What tfjs hands to a kernel, read by name. */
export class KernelCall {
  readonly backend: BackendWasm;

  constructor(readonly params: KernelParams) {
    this.backend = params.backend as BackendWasm;
  }

  input(name: string): tf.TensorInfo {
    const input = this.params.inputs[name];
    if (!input) throw new Error(`the kernel was called without its input ${name}`);
    return input;
  }

  optional(name: string): tf.TensorInfo | undefined {
    return this.params.inputs[name];
  }

  attribute<T>(name: string): T {
    return this.params.attrs?.[name] as T;
  }

  /** Where the tensor lies on the heap, in bytes. */
  address(tensor: tf.TensorInfo): number {
    return this.backend.getMemoryOffset(tensor.dataId);
  }

  /** A new float32 tensor whose values are still to be written. */
  output(shape: readonly number[]): tf.TensorInfo {
    return this.backend.makeOutput([...shape], 'float32');
  }

  /** The tensor's values on the heap; valid until the next tensor is made, which may move the heap. */
  floats(tensor: tf.TensorInfo): Float32Array {
    return this.backend.typedArrayFromHeap(tensor) as Float32Array;
  }

  /** What another kernel of this backend makes of `inputs`; the caller releases it, or hands it on. */
  run(kernelName: string, inputs: tf.NamedTensorInfoMap, attrs: tf.NamedAttrMap = {}): tf.TensorInfo {
    const kernel = tf.getKernel(kernelName, backendName);
    return kernel.kernelFunc({ inputs, attrs, backend: this.backend }) as tf.TensorInfo;
  }

  release(tensor: tf.TensorInfo): void {
    this.backend.disposeData(tensor.dataId);
  }
}

export type Compute = (call: KernelCall) => tf.TensorInfo | tf.TensorInfo[];

/**
 * Makes `create` compute a kernel of the wasm backend instead of, or in addition to, what tfjs ships; it gets tfjs's own
 * to fall back on.
 */
export const replaceKernel = (kernelName: string, create: (stock: Compute) => Compute): void => {
  const stock = tf.getKernel(kernelName, backendName);
  const missing: Compute = () => {
    throw new Error(`the wasm backend has no ${kernelName} for these inputs`);
  };
  if (stock) tf.unregisterKernel(kernelName, backendName);
  const compute = create(stock ? (call) => stock.kernelFunc(call.params) : missing);
  const kernelFunc: tf.KernelFunc = (params) => compute(new KernelCall(params));
  tf.registerKernel({ ...stock, kernelName, backendName, kernelFunc });
};
