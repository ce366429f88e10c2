import * as tf from '@tensorflow/tfjs';
import { Failed } from '../../contract/failure';
import { nativeKernelsAreOff, supportedSets } from '../instructionSets';
import type { Started } from '../started';
import { registerBatchNorm } from './batchNorm';
import { registerConvolution } from './convolution';
import { registerDepthwise } from './depthwise';
import { registerElementwise } from './elementwise';
import { KernelModule } from './kernelModule';
import { registerMatrixProduct } from './matrixProduct';
import { startNativeKernels } from './nativeRunner';
import { registerPlainKernels } from './plainKernels';
import { registerPooling } from './pooling';
import { registerReductions } from './reductions';
import { backendName } from './replaceKernel';
import { selfTest } from './selfTest';
import { startTfjsModule, type StartedModule } from './tfjsModule';
import { startWasmKernels } from './wasmRunner';

const registerKernels = (kernels: KernelModule): void => {
  registerPlainKernels();
  registerConvolution(kernels);
  registerMatrixProduct(kernels);
  registerDepthwise(kernels);
  registerPooling(kernels);
  registerBatchNorm(kernels);
  registerReductions(kernels);
  registerElementwise(kernels);
};

const firstLine = (error: unknown): string => (error as Error).message.split('\n')[0] ?? '';

/**
 * Starts the native kernels. Returns what they are, or why they are not used; null where there are none for this kind of
 * machine.
 */
const tryNativeKernels = (kernels: KernelModule, on: StartedModule): Started | string | null => {
  if (supportedSets().length === 0) return null;
  if (nativeKernelsAreOff()) return 'RETORT_NATIVE_KERNELS is off.';
  try {
    const { set, runner } = startNativeKernels(on);
    kernels.use(runner);
    selfTest();
    return { description: `WebAssembly with native kernels (${set.title}), CPU`, passedOver: [] };
  } catch (error) {
    if (error instanceof Failed) return `${error.message} ${error.next}`;
    return `They cannot be used: ${firstLine(error)}.`;
  }
};

/** Starts the best kernels that compute right here. */
const startKernels = async (kernels: KernelModule, on: StartedModule): Promise<Started> => {
  const native = tryNativeKernels(kernels, on);
  if (native !== null && typeof native !== 'string') return native;
  kernels.use(await startWasmKernels(on));
  selfTest();
  const passedOver = native === null ? [] : [{ name: 'native kernels', reason: native }];
  return { description: 'WebAssembly, CPU', passedOver };
};

const start = async (): Promise<Started> => {
  const { BackendWasm, setThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
  const started = await startTfjsModule();
  setThreadsCount(1);
  // tfjs registers its own as it is imported, which would fetch its module.
  tf.removeBackend(backendName);
  tf.registerBackend(backendName, () => new BackendWasm(started.module), 2);
  const kernels = new KernelModule(started);
  registerKernels(kernels);
  if (!(await tf.setBackend(backendName))) throw new Error('tfjs could not start it');
  return startKernels(kernels, started);
};

let started: Promise<Started> | null = null;

/**
 * Makes WebAssembly tfjs's backend, with kernels that train; starts it the first time. Returns its description.
 *
 * @throws Failed backendBroken where it does not start or fails its self-test; it is not tried again then.
 */
export const useWasm = async (): Promise<Started> => {
  try {
    const found = await (started ??= start());
    await tf.setBackend(backendName);
    return found;
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw new Failed(
      'backendBroken',
      `WebAssembly cannot be used here: ${firstLine(error)}.`,
      'Use the cpu backend, or install TensorFlow with `retort backends --install`.',
      { cause: error },
    );
  }
};
