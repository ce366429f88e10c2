import type * as tf from '@tensorflow/tfjs';

let seed: tf.Tensor1D | null = null;

/** The seed of the step under way, int32 [2], as a tensor that is fed in; null outside steps. */
export const stepSeed = (): tf.Tensor1D | null => seed;

/** Runs a step whose layers draw their random numbers from `given`, so that the step stays a function of its inputs. */
export const withStepSeed = <T>(given: tf.Tensor1D, step: () => T): T => {
  const before = seed;
  seed = given;
  try {
    return step();
  } finally {
    seed = before;
  }
};
