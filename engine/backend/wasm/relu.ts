import * as tf from '@tensorflow/tfjs';
import { reluGradient } from './columns';
import type { KernelModule } from './kernelModule';
import { backendName, replaceKernel, type KernelCall } from './replaceKernel';

const gradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [x, dy] = [call.input('x'), call.input('dy')];
  const out = call.output(x.shape);
  const addresses = { x: call.address(x), dy: call.address(dy), out: call.address(out) };
  reluGradient(kernels, addresses, tf.util.sizeFromShape(x.shape));
  return out;
};

/** relu's gradient in one pass; tfjs composes it. Its value at NaN is 0. Other backends keep what they have. */
export const registerRelu = (kernels: KernelModule): void => {
  replaceKernel('ReluGrad', () => (call) => gradient(kernels, call));
  const elsewhere = tf.getGradient('Relu');
  tf.unregisterGradient('Relu');
  tf.registerGradient({
    ...elsewhere,
    gradFunc: (dy, saved, attributes) => {
      const [x] = saved;
      if (tf.getBackend() !== backendName || !x || Array.isArray(dy))
        return elsewhere.gradFunc(dy, saved, attributes);
      return { x: () => tf.engine().runKernel('ReluGrad', { x, dy }) };
    },
  });
};
