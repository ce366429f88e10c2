import * as tf from '@tensorflow/tfjs';
import type { KernelModule } from './kernelModule';
import { valuesPerTask, type KernelName } from './kernelRunner';
import { backendName, replaceKernel, type Compute, type KernelCall } from './replaceKernel';

/** A new tensor of the kernel's values at x and, where there is a y, at y. */
const each = (
  kernels: KernelModule,
  name: KernelName,
  call: KernelCall,
  x: tf.TensorInfo,
  y?: tf.TensorInfo,
): tf.TensorInfo => {
  const [out, count] = [call.output(x.shape), tf.util.sizeFromShape(x.shape)];
  const addresses = [call.address(x), y ? call.address(y) : 0, call.address(out)];
  const job = { tasks: Math.ceil(count / valuesPerTask), operations: count };
  kernels.run(name, job, [...addresses, count, valuesPerTask]);
  return out;
};

const isFloat = ({ dtype }: tf.TensorInfo): boolean => dtype === 'float32';

/** Of two tensors of one shape; the rest stays with tfjs. */
const ofPairs =
  (kernels: KernelModule, name: KernelName) =>
  (stock: Compute): Compute =>
  (call) => {
    const [a, b] = [call.input('a'), call.input('b')];
    const isOurs = isFloat(a) && isFloat(b) && tf.util.arraysEqual(a.shape, b.shape);
    return isOurs ? each(kernels, name, call, a, b) : stock(call);
  };

const ofOne =
  (kernels: KernelModule, name: KernelName) =>
  (stock: Compute): Compute =>
  (call) =>
    isFloat(call.input('x')) ? each(kernels, name, call, call.input('x')) : stock(call);

/** relu's gradient in one pass; tfjs composes it. Its value at NaN is 0. Other backends keep what they have. */
const registerReluGradient = (kernels: KernelModule): void => {
  replaceKernel(
    'ReluGrad',
    () => (call) => each(kernels, 'reluGradient', call, call.input('x'), call.input('dy')),
  );
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

/** What training does value by value on whole maps, on all threads; tfjs's own uses one, and its exp no vectors. */
export const registerElementwise = (kernels: KernelModule): void => {
  replaceKernel('Add', ofPairs(kernels, 'addValues'));
  replaceKernel('Sub', ofPairs(kernels, 'subtractValues'));
  replaceKernel('Multiply', ofPairs(kernels, 'multiplyValues'));
  replaceKernel('Relu', ofOne(kernels, 'relu'));
  replaceKernel('Exp', ofOne(kernels, 'exponentials'));
  registerReluGradient(kernels);
};
