import * as tf from '@tensorflow/tfjs';
import { Failed } from '../../contract/failure';
import type { Started } from '../started';
import { registerBatchNorm } from './batchNorm';
import { registerConvolution } from './convolution';
import { registerDepthwise } from './depthwise';
import { KernelModule } from './kernelModule';
import { registerMatrixProduct } from './matrixProduct';
import { registerPlainKernels } from './plainKernels';
import { registerPooling } from './pooling';
import { registerReductions } from './reductions';
import { registerRelu } from './relu';
import { backendName } from './replaceKernel';
import { selfTest } from './selfTest';
import { startTfjsModule } from './tfjsModule';

const registerKernels = (kernels: KernelModule): void => {
  registerPlainKernels();
  registerConvolution(kernels);
  registerMatrixProduct(kernels);
  registerDepthwise(kernels);
  registerPooling(kernels);
  registerBatchNorm(kernels);
  registerReductions(kernels);
  registerRelu(kernels);
};

const start = async (): Promise<void> => {
  const { BackendWasm, setThreadsCount } = await import('@tensorflow/tfjs-backend-wasm');
  const started = await startTfjsModule();
  setThreadsCount(1);
  // tfjs registers its own as it is imported, which would fetch its module.
  tf.removeBackend(backendName);
  tf.registerBackend(backendName, () => new BackendWasm(started.module), 2);
  registerKernels(await KernelModule.start(started));
  if (!(await tf.setBackend(backendName))) throw new Error('tfjs could not start it');
  selfTest();
};

let started: Promise<void> | null = null;

/**
 * Makes WebAssembly tfjs's backend, with kernels that train; starts it the first time. Returns its description.
 *
 * @throws Failed backendBroken where it does not start or fails its self-test; it is not tried again then.
 */
export const useWasm = async (): Promise<Started> => {
  try {
    await (started ??= start());
  } catch (error) {
    if (error instanceof Failed) throw error;
    const reason = (error as Error).message.split('\n')[0];
    throw new Failed(
      'backendBroken',
      `WebAssembly cannot be used here: ${reason}.`,
      'Use the cpu backend, or install TensorFlow with `retort backends --install`.',
      { cause: error },
    );
  }
  await tf.setBackend(backendName);
  return { description: 'WebAssembly, CPU', passedOver: [] };
};
