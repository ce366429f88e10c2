import * as tf from '@tensorflow/tfjs';
import { sumColumns } from './columns';
import type { KernelModule } from './kernelModule';
import { replaceKernel, type Compute, type KernelCall } from './replaceKernel';

/** A reduction over neighbouring axes that are not the last: [outer, reduced, inner]. */
interface Reduction {
  outer: number;
  reduced: number;
  inner: number;
  shape: number[];
}

const reductionOf = (call: KernelCall): Reduction | null => {
  const x = call.input('x');
  const axes = tf.util.parseAxisParam(call.attribute('axis'), x.shape).sort((a, b) => a - b);
  const [first, last] = [axes[0], axes.at(-1)];
  if (x.dtype !== 'float32' || first === undefined || last === undefined) return null;
  if (last - first !== axes.length - 1 || last === x.shape.length - 1) return null;
  const extent = (from: number, to?: number) => tf.util.sizeFromShape(x.shape.slice(from, to));
  const kept = call.attribute<boolean | undefined>('keepDims') ? axes.map(() => 1) : [];
  return {
    outer: extent(0, first),
    reduced: extent(first, last + 1),
    inner: extent(last + 1),
    shape: [...x.shape.slice(0, first), ...kept, ...x.shape.slice(last + 1)],
  };
};

const sum = (kernels: KernelModule, call: KernelCall, reduction: Reduction): tf.TensorInfo => {
  const { outer, reduced, inner, shape } = reduction;
  const out = call.output(shape);
  const [from, to] = [call.address(call.input('x')), call.address(out)];
  for (let at = 0; at < outer; at++) {
    const matrix = { rows: reduced, channels: inner };
    sumColumns(kernels, from + 4 * at * reduced * inner, to + 4 * at * inner, matrix);
  }
  return out;
};

const mean = (kernels: KernelModule, call: KernelCall, reduction: Reduction): tf.TensorInfo => {
  const out = sum(kernels, call, reduction);
  const values = call.floats(out);
  values.forEach((value, at) => (values[at] = value / reduction.reduced));
  return out;
};

/** Sums and means over axes before the last, which tfjs transposes for first. */
export const registerReductions = (kernels: KernelModule): void => {
  const reduce =
    (compute: typeof sum) =>
    (stock: Compute): Compute =>
    (call) => {
      const reduction = reductionOf(call);
      return reduction ? compute(kernels, call, reduction) : stock(call);
    };
  replaceKernel('Sum', reduce(sum));
  replaceKernel('Mean', reduce(mean));
};
