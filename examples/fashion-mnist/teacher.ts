import * as tf from '@tensorflow/tfjs';

const conv = { kernelSize: 3, padding: 'same', useBias: false, kernelInitializer: 'heNormal' } as const;
const momentum = 0.9;

/** The large network: five convolutions, about 210,000 parameters. */
export const teacher = () =>
  tf.sequential({
    name: 'teacher',
    layers: [
      tf.layers.conv2d({ name: 'conv1', filters: 32, inputShape: [28, 28, 1], ...conv }),
      tf.layers.batchNormalization({ name: 'norm1', momentum }),
      tf.layers.reLU({ name: 'relu1' }),
      tf.layers.maxPooling2d({ name: 'pool1', poolSize: 2 }),

      tf.layers.conv2d({ name: 'conv2', filters: 48, ...conv }),
      tf.layers.batchNormalization({ name: 'norm2', momentum }),
      tf.layers.reLU({ name: 'relu2' }),
      tf.layers.conv2d({ name: 'conv3', filters: 64, ...conv }),
      tf.layers.batchNormalization({ name: 'norm3', momentum }),
      tf.layers.reLU({ name: 'relu3' }),
      tf.layers.maxPooling2d({ name: 'pool2', poolSize: 2 }),

      tf.layers.conv2d({ name: 'conv4', filters: 96, ...conv }),
      tf.layers.batchNormalization({ name: 'norm4', momentum }),
      tf.layers.reLU({ name: 'relu4' }),
      tf.layers.conv2d({ name: 'conv5', filters: 128, ...conv }),
      tf.layers.batchNormalization({ name: 'norm5', momentum }),
      tf.layers.reLU({ name: 'relu5' }),
      tf.layers.globalAveragePooling2d({ name: 'average' }),
      tf.layers.dense({ name: 'classes', units: 10 }),
    ],
  });
