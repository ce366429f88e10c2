import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';
import { stepSeed } from './stepSeed';
import { withoutTape } from './tape';

type Call = (inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>) => tf.Tensor | tf.Tensor[];

interface DropoutLayer {
  rate: number;
  getNoiseShape(input: tf.Tensor): number[] | null | undefined;
  call: Call;
}

const attribute = (name: string, dtype: 'int32' | 'float32') => {
  const { binding } = tf.backend() as NodeJSKernelBackend;
  return { name, type: binding.TF_ATTR_TYPE, value: dtype === 'int32' ? binding.TF_INT32 : binding.TF_FLOAT };
};

/** Uniform in [0, 1), a function of the seed alone: TensorFlow's counter-based generator (Salmon et al., 2011). */
const statelessUniform = (shape: number[], seed: tf.Tensor): tf.Tensor =>
  (tf.backend() as NodeJSKernelBackend).executeSingleOutput(
    'StatelessRandomUniform',
    [attribute('dtype', 'float32'), attribute('T', 'int32'), attribute('Tseed', 'int32')],
    [tf.tensor1d(shape, 'int32'), seed],
  );

const dropped = (layer: DropoutLayer, x: tf.Tensor, seed: tf.Tensor1D, place: number): tf.Tensor =>
  tf.tidy(() => {
    const scale = withoutTape(() => {
      const shape = layer.getNoiseShape(x) ?? x.shape;
      const uniform = statelessUniform(shape, tf.add(seed, tf.tensor1d([0, place], 'int32')));
      return tf.div(tf.greaterEqual(uniform, layer.rate).toFloat(), 1 - layer.rate);
    });
    return tf.mul(x, scale);
  });

/**
 * Lets a tfjs dropout layer draw from the seed of the step, on TensorFlow. tfjs's own draws in JavaScript, number by
 * number, and cannot be part of a graph. `place` tells the dropout layers of a model apart.
 */
export const seedDropout = (layer: tf.layers.Layer, place: number): void => {
  const dropout = layer as unknown as DropoutLayer;
  const original: Call = dropout.call.bind(layer);
  dropout.call = (inputs, kwargs) => {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    const seed = stepSeed();
    const isOurs =
      kwargs.training === true && x && seed && dropout.rate > 0 && tf.getBackend() === 'tensorflow';
    return isOurs ? dropped(dropout, x, seed, place) : original(inputs, kwargs);
  };
};
