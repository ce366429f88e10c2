import type * as tf from '@tensorflow/tfjs';

type Separable = tf.layers.Layer & { depthMultiplier: number };

/** tfjs leaves the depth multiplier out of what it writes of a separable convolution. */
export const keepDepthMultiplier = (layer: tf.layers.Layer): void => {
  const separable = layer as Separable;
  const original = separable.getConfig.bind(separable);
  separable.getConfig = () => ({ ...original(), depthMultiplier: separable.depthMultiplier });
};
