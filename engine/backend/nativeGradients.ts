import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend.js';

/** tfjs composes these gradients of eight elementary operations; TensorFlow has each as one. */
const operations = { Relu: 'ReluGrad', Relu6: 'Relu6Grad' };

const isOnTensorflow = (): boolean => tf.getBackend() === 'tensorflow';

const runOperation = (operation: string, dy: tf.Tensor, x: tf.Tensor): tf.Tensor => {
  const backend = tf.backend() as NodeJSKernelBackend;
  const type = { name: 'T', type: backend.binding.TF_ATTR_TYPE, value: backend.binding.TF_FLOAT };
  return backend.executeSingleOutput(operation, [type], [dy, x]);
};

/**
 * Makes the gradients of relu and relu6 one TensorFlow operation each; on other backends they stay as they were. Values
 * are the same but at NaN, whose gradient is 0 instead of NaN.
 */
export const registerNativeGradients = (): void => {
  for (const [kernelName, operation] of Object.entries(operations)) {
    const composed = tf.getGradient(kernelName);
    tf.unregisterGradient(kernelName);
    tf.registerGradient({
      ...composed,
      gradFunc: (dy, saved, attributes) => {
        const [x] = saved;
        if (!isOnTensorflow() || !x || Array.isArray(dy)) return composed.gradFunc(dy, saved, attributes);
        return { x: () => runOperation(operation, dy, x) };
      },
    });
  }
};
