import * as tf from '@tensorflow/tfjs';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type KernelCall } from './replaceKernel';

type Shape = [number, number, number, number];

/** Of the kernels; the filter's gradient takes so many channels at once. */
const channelTile = 16;

const describe = (call: KernelCall, inputShape: number[], filterShape: number[]) =>
  tf.backend_util.computeConv2DInfo(
    inputShape as Shape,
    filterShape as Shape,
    call.attribute('strides'),
    call.attribute<number | undefined>('dilations') ?? 1,
    call.attribute('pad'),
    call.attribute('dimRoundingMode'),
    true,
  );

const words = (info: tf.backend_util.Conv2DInfo): number[] => [
  ...[info.batchSize, info.inHeight, info.inWidth, info.inChannels, info.outHeight, info.outWidth],
  ...[info.outChannels / info.inChannels, info.filterHeight, info.filterWidth],
  ...[info.strideHeight, info.strideWidth, info.dilationHeight, info.dilationWidth],
  ...[info.padInfo.top, info.padInfo.left],
];

const operationsOf = (info: tf.backend_util.Conv2DInfo): number =>
  tf.util.sizeFromShape(info.outShape) * info.filterHeight * info.filterWidth;

const inputGradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [dy, filter] = [call.input('dy'), call.input('filter')];
  const info = describe(call, call.attribute('inputShape'), filter.shape);
  const out = call.output(info.inShape);
  const addresses = [0, call.address(filter), call.address(dy), call.address(out)];
  const job = { tasks: info.batchSize * info.inHeight, operations: operationsOf(info) };
  kernels.run('depthwiseInputGradient', job, [...addresses, ...words(info)]);
  return out;
};

const filterGradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [x, dy] = [call.input('x'), call.input('dy')];
  const info = describe(call, x.shape, call.attribute('filterShape'));
  const out = call.output(info.filterShape);
  const addresses = [call.address(x), 0, call.address(dy), call.address(out)];
  const job = { tasks: Math.ceil(info.outChannels / channelTile), operations: operationsOf(info) };
  kernels.run('depthwiseFilterGradient', job, [...addresses, ...words(info)]);
  return out;
};

/** The depthwise convolution's gradients to input and filter, which tfjs's wasm does not have. */
export const registerDepthwise = (kernels: KernelModule): void => {
  replaceKernel('DepthwiseConv2dNativeBackpropInput', () => (call) => inputGradient(kernels, call));
  replaceKernel('DepthwiseConv2dNativeBackpropFilter', () => (call) => filterGradient(kernels, call));
};
