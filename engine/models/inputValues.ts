import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { InputOptions } from '../contract/data';

const perChannel = (values: number[] | undefined, channels: number, what: string): number[] | null => {
  if (!values) return null;
  if (values.length === 1 || values.length === channels) return values;
  throw new Failed(
    'recipeInvalid',
    `input.${what} has ${values.length} numbers, but the model takes ${channels} channels.`,
    'Give one number for each channel, or a single one for all.',
  );
};

const withoutOnes = (shape: readonly number[]): string => shape.filter((length) => length !== 1).join();
const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Raw samples to what the network takes: x * scale + offset = (x / divide - mean) / std, in at most two operations. */
export class InputValues {
  private readonly scale: tf.Tensor | null;
  private readonly offset: tf.Tensor | null;

  /** `shape`: of one sample, as the model takes it. Throws `recipeInvalid` for the wrong number of channels. */
  constructor(
    private readonly shape: readonly number[],
    options: InputOptions,
  ) {
    const channels = shape.at(-1) ?? 1;
    const divide = options.divide ?? 1;
    const mean = perChannel(options.mean, channels, 'mean');
    const std = perChannel(options.std, channels, 'std');
    const length = Math.max(mean?.length ?? 1, std?.length ?? 1);
    const at = (values: number[] | null, index: number, otherwise: number): number =>
      values?.[values.length === 1 ? 0 : index] ?? otherwise;
    const scale = Float32Array.from({ length }, (_, index) => 1 / (divide * at(std, index, 1)));
    const offset = Float32Array.from({ length }, (_, index) => -at(mean, index, 0) / at(std, index, 1));
    this.scale = scale.every((value) => value === 1) ? null : tf.keep(tf.tensor1d(scale));
    this.offset = offset.every((value) => value === 0) ? null : tf.keep(tf.tensor1d(offset));
  }

  /** `raw` [batch, …]. A sample may lack or have axes of one, or be flat. Throws `dataInvalid` with both shapes. */
  normalise(raw: tf.Tensor): tf.Tensor {
    let x = raw.dtype === 'float32' ? raw : tf.cast(raw, 'float32');
    x = this.shaped(x);
    if (this.scale) x = tf.mul(x, this.scale);
    return this.offset ? tf.add(x, this.offset) : x;
  }

  dispose(): void {
    this.scale?.dispose();
    this.offset?.dispose();
  }

  private shaped(x: tf.Tensor): tf.Tensor {
    const found = x.shape.slice(1);
    const wanted = this.shape;
    if (found.join() === wanted.join()) return x;
    const isFlat = (found.length === 1 || wanted.length === 1) && size(found) === size(wanted);
    if (isFlat || withoutOnes(found) === withoutOnes(wanted))
      return tf.reshape(x, [x.shape[0] ?? 0, ...wanted]);
    throw new Failed(
      'dataInvalid',
      `The model takes samples of [${wanted.join(', ')}], but the data has [${found.join(', ')}].`,
      'Use data of that size, or change the model’s input shape.',
    );
  }
}
