import * as tf from '@tensorflow/tfjs';

const conv = { kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const;
const momentum = 0.9;

/** The small network to ship: three convolutions, about 14,000 parameters. */
export const student = () =>
  tf.sequential({
    name: 'student',
    layers: [
      tf.layers.conv2d({ name: 'conv1', filters: 12, inputShape: [28, 28, 1], ...conv }),
      tf.layers.batchNormalization({ name: 'norm1', momentum }),
      tf.layers.reLU({ name: 'relu1' }),
      tf.layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),

      tf.layers.conv2d({ name: 'conv2', filters: 24, ...conv }),
      tf.layers.batchNormalization({ name: 'norm2', momentum }),
      tf.layers.reLU({ name: 'relu2' }),
      tf.layers.maxPooling2d({ name: 'pool2', poolSize: 2 }),

      tf.layers.conv2d({ name: 'conv3', filters: 48, ...conv }),
      tf.layers.batchNormalization({ name: 'norm3', momentum }),
      tf.layers.reLU({ name: 'relu3' }),
      tf.layers.globalAveragePooling2d({ name: 'average' }),
      tf.layers.dense({ name: 'classes', units: 10 }),
    ],
  });
