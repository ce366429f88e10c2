import type * as tf from '@tensorflow/tfjs';

/** One batch as tensors; made between steps, disposed by the step's owner. */
export interface Batch {
  /** Raw values [batch, height, width, channels] or [batch, features], float32, before any network's normalisation. */
  images: tf.Tensor;
  /** Class numbers [batch], int32. */
  labels: tf.Tensor1D;
  /** Positions in the training split [batch], int32: stable under shuffling, so memories can be kept by sample. */
  indices: tf.Tensor1D;
}

/** A split held as bytes (images) or floats (arrays) until a batch is made. */
export interface Split {
  count: number;
  /** Of one sample: [height, width, channels] or [features]. */
  shape: readonly number[];
  /** Sample after sample, raw values. */
  values: Uint8Array | Float32Array;
  /** Class of each sample. */
  labels: Int32Array;
}

export interface Dataset {
  train: Split;
  validation: Split;
  test: Split | null;
  classes: string[];
  /** SHA-256, hex, over what was read. */
  hash: string;
}

/** What a method may use to draw its random inputs for a step, before any tensor is made. */
export interface BatchFacts {
  size: number;
  labels: Int32Array;
  indices: Int32Array;
}
