import type * as tf from '@tensorflow/tfjs';
import type { InputColumn, ValueColumn } from '../contract/run';

/** One batch as tensors; made between steps, disposed by the step's owner (`batchTensors` lists them). */
export interface Batch {
  /** Raw values [batch, height, width, channels] or [batch, features], float32, before any network's normalisation. */
  images: tf.Tensor;
  /** Class numbers [batch], int32; zeros where the task has none (regression, segmentation, detection). */
  labels: tf.Tensor1D;
  /** Positions in the training split [batch], int32: stable under shuffling, so memories can be kept by sample. */
  indices: tf.Tensor1D;
  /** Regression: [batch, outputs], float32, standardised as `Dataset.outputs` says. */
  values?: tf.Tensor2D;
  /** Segmentation: class of each pixel [batch, height, width], int32; `ignored` where it counts for nothing. */
  mask?: tf.Tensor3D;
  /**
   * Detection: [batch, most boxes of a sample, 5], float32. A row is top, left, bottom, right as shares of height and
   * width (0 to 1), then the class. Rows that hold no box have the class −1.
   */
  boxes?: tf.Tensor3D;
}

/** The class of pixels that no loss and no measure looks at. */
export const ignored = 255;

/** What a task wants to be told beside class numbers: one field of `Batch`, under the same name. */
export type TargetName = 'values' | 'mask' | 'boxes';

/** One kind of target of every sample of a split, sample after sample. */
export interface Target {
  /** Of one sample: [outputs], [height, width] or [boxes, 5]. */
  shape: readonly number[];
  values: Uint8Array | Float32Array;
}

export type Targets = Readonly<Partial<Record<TargetName, Target>>>;

/** A split held as bytes (images) or floats (arrays) until a batch is made. */
export interface Split {
  count: number;
  /** Of one sample: [height, width, channels] or [features]. */
  shape: readonly number[];
  /** Sample after sample, raw values. */
  values: Uint8Array | Float32Array;
  /** Class of each sample; zeros where the task has none. */
  labels: Int32Array;
  targets?: Targets;
}

export interface Dataset {
  train: Split;
  validation: Split;
  test: Split | null;
  /** Names; none in regression. */
  classes: string[];
  /** Regression: one for each output of the network. */
  outputs?: readonly ValueColumn[];
  /** Of a table: what each input of the network is. */
  inputs?: readonly InputColumn[];
  /** SHA-256, hex, over what was read. */
  hash: string;
}

/** What a method may use to draw its random inputs for a step, before any tensor is made. */
export interface BatchFacts {
  size: number;
  labels: Int32Array;
  indices: Int32Array;
}

/** Every tensor of a batch in a fixed order: what is fed into a step, and what is disposed after it. */
export const batchTensors = ({ images, labels, indices, values, mask, boxes }: Batch): tf.Tensor[] =>
  [images, labels, indices, values, mask, boxes].filter((tensor) => tensor !== undefined);
