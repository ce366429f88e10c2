import type * as tf from '@tensorflow/tfjs';

/** One output of an earlier step. */
export interface ValueRef {
  step: number;
  output: number;
}

/**
 * How far one position of an output sees in the input, by axis of the map: how many positions, and how far apart two
 * neighbours of the output look. A stride below one enlarges the map. Axes that are not named see one position.
 */
export interface Window {
  size: readonly number[];
  stride: readonly number[];
}

/** One operation of a forward pass. */
export interface ExecutionStep {
  /** Of `ModelInfo.layers`; a nested model's operations bear its name. Null for what is no layer, e.g. a shape. */
  layer: string | null;
  /** The class or operation, e.g. `Conv2D`. */
  kind: string;
  inputs: readonly ValueRef[];
  /** Null where a value depends on all positions, or where it is not known on which. */
  window: Window | null;
  /** True where the output is its input under another shape, which takes no memory. */
  isView: boolean;
  /** Computes the outputs from those that `inputs` name; null for the network's input and what only passes through. */
  run: ((inputs: readonly tf.Tensor[]) => tf.Tensor[]) | null;
}

/** A forward pass in single operations, each after those that it reads. */
export interface Execution {
  steps: readonly ExecutionStep[];
  /** The value that holds the logits. */
  result: ValueRef;
  /** Arrays of weights: each is quantised on its own. */
  weightArrays: number;
  /** The outputs of every step for `raw` [batch, …inputShape]; the first step's is the input itself. */
  values(raw: tf.Tensor): tf.Tensor[][];
  /**
   * Of what runs only as a whole, but tells what its steps took: milliseconds of each step in `passes` passes over
   * `raw`, null for a step that it does not tell of.
   */
  times?(raw: tf.Tensor, passes: number): (number[] | null)[];
}
