import type * as tf from '@tensorflow/tfjs';
import type { ModelInfo } from '../contract/model';
import type { InputOptions } from '../contract/data';
import type { Execution } from './execution';

/** What a forward pass gives: the logits and any tapped layer. */
export interface Outputs {
  /**
   * Before any softmax: [batch, classes]; in regression [batch, outputs], in segmentation [batch, height, width,
   * classes] at any size, in detection [batch, height, width, classes + 4] (engine/losses/detection.ts), in feature
   * learning the features, [batch, features] or a map.
   */
  readonly logits: tf.Tensor;
  /** A layer's output, NHWC or [batch, features]; `logits` is a tap too. */
  tap(name: string): tf.Tensor;
}

/** The outputs of a pass whose values `tap` gives. */
export const outputsOf = (tap: Outputs['tap']): Outputs => ({
  get logits() {
    return tap('logits');
  },
  tap,
});

/** What a forward pass is to give. */
export interface PassOptions {
  taps: readonly string[];
  training: boolean;
  logits?: boolean;
}

/** An opened model, ready to run and, where its format allows, to train. */
export interface Network {
  info: ModelInfo;
  /** (x / divide - mean) / std, applied to raw values at the start of every forward pass. */
  input: InputOptions;
  /**
   * Runs the network on raw values [batch, ...inputShape].
   * `training` makes batch normalisation use and update batch statistics and turns dropout on.
   * Only the named taps are computed beside the logits, and without these where `logits` is false; the graph stops at
   * the deepest one needed.
   */
  forward(raw: tf.Tensor, options: PassOptions): Outputs;
  /** True for frozen networks whose passes cannot be recorded as part of a training step: they run before it. */
  outsideStep?: boolean;
  /** A forward pass in single operations; null where what computes it does not tell. */
  execution(): Execution | null;
  /** What it uses of Keras that plain TensorFlow.js lacks: such a network cannot be exported. */
  beyondTfjs?: readonly string[];
  /** Variables by a name that is the same in every opening of the same model. */
  trainable: ReadonlyMap<string, tf.Variable>;
  /** Variables that training changes without a gradient: batch-norm statistics. */
  statistics: ReadonlyMap<string, tf.Variable>;
  /** A layers-model folder (`model.json`, `weights.bin`) as plain tfjs loads it, softmax put back. */
  save(folder: string): Promise<void>;
  /** SHA-256, hex, over topology and weights. */
  hash(): Promise<string>;
  dispose(): void;
}

/** Shape of a tap without the batch dimension. */
export const tapShape = (info: ModelInfo, tap: string): number[] | undefined =>
  tap === 'logits' ? info.outputShape : info.layers.find((layer) => layer.name === tap)?.shape;
