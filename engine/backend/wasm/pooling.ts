import * as tf from '@tensorflow/tfjs';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type KernelCall } from './replaceKernel';

const gradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [dy, x] = [call.input('dy'), call.input('input')];
  const info = tf.backend_util.computePool2DInfo(
    x.shape as [number, number, number, number],
    call.attribute('filterSize'),
    call.attribute('strides'),
    1,
    call.attribute('pad'),
    call.attribute('dimRoundingMode'),
  );
  const out = call.output(info.inShape);
  const job = { tasks: info.batchSize, operations: tf.util.sizeFromShape(x.shape) };
  kernels.run('maxPoolGradient', job, [
    ...[call.address(x), call.address(dy), call.address(out)],
    ...[info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth],
    ...[info.effectiveFilterHeight, info.effectiveFilterWidth, info.strideHeight, info.strideWidth],
    ...[info.padInfo.top, info.padInfo.left],
  ]);
  return out;
};

/** Max pooling's gradient; tfjs's own loses it where a window's largest value is not positive. */
export const registerPooling = (kernels: KernelModule): void => {
  replaceKernel('MaxPoolGrad', () => (call) => gradient(kernels, call));
};
