import * as tf from '@tensorflow/tfjs';
import { leastChannels, paysWinograd } from '../winogradShapes';
import { convolve, filterGradient, pack, type Maps, type Pair } from './convolve';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type KernelCall } from './replaceKernel';
import { winogradConvolve, winogradFilterGradient } from './winograd';

type Info = tf.backend_util.Conv2DInfo;
type Shape = [number, number, number, number];

/** The geometry of a convolution from a kernel's attributes; NHWC, as everywhere on this backend. */
const describe = (call: KernelCall, inputShape: number[], filterShape: number[]): Info => {
  if ((call.attribute<string | undefined>('dataFormat') ?? 'NHWC') !== 'NHWC')
    throw new Error('the wasm backend convolves channels-last maps only');
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape,
    filterShape as Shape,
    call.attribute('strides'),
    call.attribute<number | undefined>('dilations') ?? 1,
    call.attribute('pad'),
    call.attribute('dimRoundingMode'),
  );
};

const stepOf = (info: Info): Pair => [info.strideHeight, info.strideWidth];
const inputOf = (info: Info): Maps => [info.inHeight, info.inWidth, info.inChannels];
const outputOf = (info: Info): Maps => [info.outHeight, info.outWidth, info.outChannels];

/** Where each tap of the filter lies relative to the first input pixel of a window, in the filter's order. */
const tapsOf = (info: Info): Pair[] =>
  Array.from({ length: info.filterHeight * info.filterWidth }, (_, tap) => [
    Math.floor(tap / info.filterWidth) * info.dilationHeight - info.padInfo.top,
    (tap % info.filterWidth) * info.dilationWidth - info.padInfo.left,
  ]);

const isThreeByThree = (info: Info): boolean =>
  [info.filterHeight, info.filterWidth].every((size) => size === 3) &&
  [...stepOf(info), info.dilationHeight, info.dilationWidth].every((step) => step === 1);

/** Whether Winograd's kernels pay for maps of these sizes, in both directions. */
const suitsWinograd = (info: Info, input: Maps, output: Maps): boolean => {
  const [height, width, outChannels] = output;
  const shape = { batch: info.batchSize, height, width, inChannels: input[2], outChannels };
  return isThreeByThree(info) && paysWinograd(shape);
};

/** What the filter's gradient does not gain from, the convolution does: few output channels. */
const convolvesByWinograd = (info: Info, input: Maps, [height, width, channels]: Maps): boolean =>
  suitsWinograd(info, input, [height, width, Math.max(leastChannels, channels)]);

const forward = (kernels: KernelModule, call: KernelCall, relu: boolean): tf.TensorInfo => {
  const [x, filter, bias] = [call.input('x'), call.input('filter'), call.optional('bias')];
  const info = describe(call, x.shape, filter.shape);
  const [input, output, out] = [inputOf(info), outputOf(info), call.output(info.outShape)];
  const shared = {
    ...{ x: call.address(x), out: call.address(out), bias: bias ? call.address(bias) : 0, relu },
    ...{ batch: info.batchSize, input, output },
  };
  if (convolvesByWinograd(info, input, output)) {
    const { top, left } = info.padInfo;
    winogradConvolve(kernels, { ...shared, filter: call.address(filter), turned: false, top, left });
    return out;
  }
  const taps = tapsOf(info);
  const packed = pack(kernels, {
    from: call.address(filter),
    groupOffsets: [0],
    rows: taps.length * info.inChannels,
    columns: info.outChannels,
    rowStep: info.outChannels,
    columnStep: 1,
  });
  convolve(kernels, {
    ...shared,
    ...{ filter: packed, grid: [info.outHeight, info.outWidth], taps, inStep: stepOf(info) },
    ...{ outStep: [1, 1], outOrigin: [0, 0] },
  });
  return out;
};

/** Of one axis: the filter's positions that reach the input positions `phase + n * step`, and from which output. */
const reaching = (phase: number, size: number, step: number, before: number) =>
  Array.from({ length: size }, (_, at) => ({ at, output: (phase + before - at) / step })).filter(
    ({ output }) => Number.isInteger(output),
  );

/** One convolution of dy with the filter flipped and turned, in Winograd's way. */
const winogradInputGradient = (
  kernels: KernelModule,
  info: Info,
  addresses: Record<'dy' | 'filter' | 'out', number>,
): void => {
  const { dy, filter, out } = addresses;
  winogradConvolve(kernels, {
    ...{ x: dy, filter, turned: true, bias: 0, relu: false, out, batch: info.batchSize },
    ...{ input: outputOf(info), output: inputOf(info) },
    ...{ top: 2 - info.padInfo.top, left: 2 - info.padInfo.left },
  });
};

/**
 * The input's gradient, as one stride-1 convolution of dy for each phase of the stride: input pixels that lie a stride
 * apart are reached by the same taps.
 */
const inputGradient = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [dy, filter] = [call.input('dy'), call.input('filter')];
  const info = describe(call, call.attribute('inputShape'), filter.shape);
  const { inChannels, outChannels, filterWidth, padInfo } = info;
  const out = call.output(info.inShape);
  const step = stepOf(info);
  if (convolvesByWinograd(info, outputOf(info), inputOf(info))) {
    const addresses = { dy: call.address(dy), filter: call.address(filter), out: call.address(out) };
    winogradInputGradient(kernels, info, addresses);
    return out;
  }
  const phases = Array.from({ length: step[0] * step[1] }, (_, phase): Pair => [
    Math.floor(phase / step[1]),
    phase % step[1],
  ]);
  for (const phase of phases) {
    const rows = reaching(phase[0], info.filterHeight, step[0], padInfo.top);
    const columns = reaching(phase[1], filterWidth, step[1], padInfo.left);
    const pairs = rows.flatMap((row) => columns.map((column) => ({ row, column })));
    const packed = pack(kernels, {
      from: call.address(filter),
      groupOffsets: pairs.map(
        ({ row, column }) => (row.at * filterWidth + column.at) * inChannels * outChannels,
      ),
      ...{ rows: outChannels, columns: inChannels, rowStep: 1, columnStep: outChannels },
    });
    const grid: Pair = [
      Math.ceil((info.inHeight - phase[0]) / step[0]),
      Math.ceil((info.inWidth - phase[1]) / step[1]),
    ];
    convolve(kernels, {
      ...{ x: call.address(dy), filter: packed, bias: 0, relu: false, out: call.address(out) },
      ...{ batch: info.batchSize, input: outputOf(info), output: inputOf(info) },
      ...{ grid, taps: pairs.map(({ row, column }): Pair => [row.output, column.output]) },
      ...{ inStep: [1, 1], outStep: step, outOrigin: phase },
    });
  }
  return out;
};

const gradientOfFilter = (kernels: KernelModule, call: KernelCall): tf.TensorInfo => {
  const [x, dy] = [call.input('x'), call.input('dy')];
  const info = describe(call, x.shape, call.attribute('filterShape'));
  const out = call.output(info.filterShape);
  const [input, output] = [inputOf(info), outputOf(info)];
  const shared = {
    ...{ x: call.address(x), dy: call.address(dy), out: call.address(out) },
    ...{ batch: info.batchSize, input, output },
  };
  if (suitsWinograd(info, input, output))
    winogradFilterGradient(kernels, { ...shared, top: info.padInfo.top, left: info.padInfo.left });
  else filterGradient(kernels, { ...shared, taps: tapsOf(info), step: stepOf(info) });
  return out;
};

/** Activations that the convolution does itself. */
const isPlain = (call: KernelCall): boolean =>
  ['linear', 'relu', undefined].includes(call.attribute<string | undefined>('activation')) &&
  !call.optional('preluActivationWeights') &&
  (call.optional('bias')?.shape.length ?? 1) <= 1;

/** Convolution forward, alone and with bias and relu, and its gradients to input and filter. */
export const registerConvolution = (kernels: KernelModule): void => {
  replaceKernel('Conv2D', () => (call) => forward(kernels, call, false));
  replaceKernel(
    'FusedConv2D',
    (stock) => (call) =>
      isPlain(call) ? forward(kernels, call, call.attribute('activation') === 'relu') : stock(call),
  );
  replaceKernel('Conv2DBackpropInput', () => (call) => inputGradient(kernels, call));
  replaceKernel('Conv2DBackpropFilter', () => (call) => gradientOfFilter(kernels, call));
};
