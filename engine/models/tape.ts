import * as tf from '@tensorflow/tfjs';

/**
 * Runs `work` without recording it for differentiation, also inside `tf.variableGrads`: nothing is kept for a
 * backward pass. tfjs records an operation only outside every kernel, so `work` runs as if it were one.
 */
export const withoutTape = <T>(work: () => T): T => {
  const { state } = tf.engine();
  state.kernelDepth++;
  try {
    return work();
  } finally {
    state.kernelDepth--;
  }
};
