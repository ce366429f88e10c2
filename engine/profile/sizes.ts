import type { ModelProfile } from '../contract/profile';

/** With each quantised array goes its smallest value and its step, as float32. */
const bytesOfScale = 8;

/** Bytes of `parameters` values in `arrays` arrays, as the weights file of TensorFlow.js stores them. */
export const weightSizes = (parameters: number, arrays: number): ModelProfile['sizes'] => ({
  float32: 4 * parameters,
  float16: 2 * parameters,
  int8: parameters + bytesOfScale * arrays,
});
