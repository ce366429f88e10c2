import * as tf from '@tensorflow/tfjs';

const plain = { padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const;
const momentum = 0.9;

const normalised = (x: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
  tf.layers
    .batchNormalization({ name: `${name}-norm`, momentum, epsilon: 1e-5 })
    .apply(x) as tf.SymbolicTensor;

const activated = (x: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
  tf.layers.reLU({ name: `${name}-relu` }).apply(normalised(x, name)) as tf.SymbolicTensor;

const conv = (x: tf.SymbolicTensor, filters: number, kernelSize: number, strides: number, name: string) =>
  tf.layers.conv2d({ name, filters, kernelSize, strides, ...plain }).apply(x) as tf.SymbolicTensor;

const block = (x: tf.SymbolicTensor, filters: number, strides: number, name: string): tf.SymbolicTensor => {
  const inner = activated(conv(x, filters, 3, strides, `${name}-a`), `${name}-a`);
  const outer = normalised(conv(inner, filters, 3, 1, `${name}-b`), `${name}-b`);
  const isSame = strides === 1 && x.shape.at(-1) === filters;
  const shortcut = isSame ? x : normalised(conv(x, filters, 1, strides, `${name}-c`), `${name}-c`);
  const sum = tf.layers.add({ name: `${name}-sum` }).apply([outer, shortcut]) as tf.SymbolicTensor;
  return tf.layers.reLU({ name }).apply(sum) as tf.SymbolicTensor;
};

const classified = (x: tf.SymbolicTensor, units: number) => {
  const mean = tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }).apply(x);
  return tf.layers.dense({ name: 'classes', units }).apply(mean) as tf.SymbolicTensor;
};

/** Three stages of `blocks` residual blocks on 32x32 pictures, 32 to 256 channels wide, 100 classes. */
const residual = (blocks: number, name: string): tf.LayersModel => {
  const inputs = tf.input({ shape: [32, 32, 3] });
  let x = activated(conv(inputs, 32, 3, 1, 'stem'), 'stem');
  for (const [stage, filters] of [64, 128, 256].entries())
    for (let index = 0; index < blocks; index++)
      x = block(x, filters, stage > 0 && index === 0 ? 2 : 1, `stage${stage + 1}-${index + 1}`);
  return tf.model({ inputs, outputs: classified(x, 100), name });
};

/** ResNet8x4-like: 177 million multiply-accumulates a picture. */
export const student = () => residual(1, 'student');

/** ResNet32x4-like: 1083 million. */
export const teacher = () => residual(5, 'teacher');

/** Five convolutions on 28x28 pictures, one of them depthwise; 9.7 million. */
export const small = (): tf.LayersModel => {
  const inputs = tf.input({ shape: [28, 28, 1] });
  const pool = (x: tf.SymbolicTensor, name: string) =>
    tf.layers.maxPooling2d({ name, poolSize: 2 }).apply(x) as tf.SymbolicTensor;
  let x = activated(conv(inputs, 32, 3, 1, 'conv1'), 'conv1');
  x = pool(activated(conv(x, 32, 3, 1, 'conv2'), 'conv2'), 'pool1');
  const depthwise = { kernelSize: 3, padding: 'same', useBias: false } as const;
  x = tf.layers.depthwiseConv2d({ name: 'conv3', ...depthwise }).apply(x) as tf.SymbolicTensor;
  x = activated(conv(activated(x, 'conv3'), 64, 1, 1, 'conv4'), 'conv4');
  x = activated(conv(pool(x, 'pool2'), 64, 3, 1, 'conv5'), 'conv5');
  return tf.model({ inputs, outputs: classified(x, 10), name: 'small' });
};
