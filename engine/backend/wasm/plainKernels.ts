import type * as tf from '@tensorflow/tfjs';
import { replaceKernel, type KernelCall } from './replaceKernel';

/** The same values under another tensor, as on every other backend; tfjs's wasm copies them. */
const identity = (call: KernelCall): tf.TensorInfo => {
  const { dataId, shape, dtype } = call.input('x');
  call.backend.incRef(dataId);
  return { dataId, shape, dtype };
};

/** out[segment] = the sum of the rows of x with that segment id; rows with an id out of range count for nothing. */
const segmentSum = (call: KernelCall): tf.TensorInfo => {
  const [x, segmentIds] = [call.input('x'), call.input('segmentIds')];
  const segments = call.attribute<number>('numSegments');
  const out = call.output([segments, ...x.shape.slice(segmentIds.shape.length)]);
  const [sums, values] = [call.floats(out).fill(0), call.floats(x)];
  const ids = call.backend.typedArrayFromHeap(segmentIds);
  const width = values.length / ids.length;
  ids.forEach((segment, row) => {
    if (segment < 0 || segment >= segments) return;
    for (let at = 0; at < width; at++) {
      sums[segment * width + at] = (sums[segment * width + at] ?? 0) + (values[row * width + at] ?? 0);
    }
  });
  return out;
};

/** Kernels that move little: they need no C. */
export const registerPlainKernels = (): void => {
  replaceKernel(
    'Identity',
    (stock) => (call) => (call.input('x').dtype === 'string' ? stock(call) : identity(call)),
  );
  replaceKernel('UnsortedSegmentSum', () => segmentSum);
};
