import * as tf from '@tensorflow/tfjs';

type Flow = tf.SymbolicTensor;

const momentum = 0.9;

/** A convolution with batch normalisation and ReLU: [height, width, channels] to [height, width, `filters`]. */
export const block = (x: Flow, name: string, filters: number): Flow => {
  const conv = tf.layers.conv2d({
    name: `conv${name}`,
    filters,
    kernelSize: 3,
    padding: 'same',
    useBias: false,
    kernelInitializer: 'heNormal',
  });
  const norm = tf.layers.batchNormalization({ name: `norm${name}`, momentum });
  return tf.layers.reLU({ name: `relu${name}` }).apply(norm.apply(conv.apply(x))) as Flow;
};

const half = (x: Flow, name: string): Flow =>
  tf.layers.maxPooling2d({ name: `pool${name}`, poolSize: 2 }).apply(x) as Flow;

/** The picture, and three maps of it: 32, 16 and 8 cells wide, of `width`, twice and three times as many channels. */
export const encoder = (width: number): { picture: Flow; maps: [Flow, Flow, Flow] } => {
  const picture = tf.input({ shape: [32, 32, 3], name: 'picture' });
  const first = block(picture, '1', width);
  const second = block(half(first, '1'), '2', 2 * width);
  const third = block(half(second, '2'), '3', 3 * width);
  return { picture, maps: [first, second, third] };
};
