import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { modelMacs } from '../../engine/profile/macs';

beforeAll(() => tf.setBackend('cpu'));

type Layer = tf.layers.Layer;
const counted = (layers: Layer[]) => {
  const model = tf.sequential({ layers });
  return { ...modelMacs(model), parameters: model.countParams() };
};

describe('multiply-accumulates, counted by hand', () => {
  const same = 'same' as const;
  it.each<[string, () => Layer[], number, number]>([
    // 3*3*3*8 kernel values at 16*16 positions.
    [
      'Conv2D',
      () => [
        tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 8, kernelSize: 3, strides: 2, padding: same }),
      ],
      216 * 256,
      224,
    ],
    // The same kernel, channels first: [3, 32, 32] to [8, 16, 16].
    [
      'Conv2D, channels first',
      () => [
        tf.layers.conv2d({
          inputShape: [3, 32, 32],
          filters: 8,
          kernelSize: 3,
          strides: 2,
          padding: same,
          dataFormat: 'channelsFirst',
        }),
      ],
      216 * 256,
      224,
    ],
    ['Conv1D', () => [tf.layers.conv1d({ inputShape: [10, 4], filters: 6, kernelSize: 3 })], 72 * 8, 78],
    [
      'Conv3D',
      () => [tf.layers.conv3d({ inputShape: [4, 4, 4, 2], filters: 3, kernelSize: 2 })],
      48 * 27,
      51,
    ],
    // Each of the 4*4 input positions meets the whole 3*3*5*2 kernel.
    [
      'Conv2DTranspose',
      () => [
        tf.layers.conv2dTranspose({
          inputShape: [4, 4, 2],
          filters: 5,
          kernelSize: 3,
          strides: 2,
          padding: same,
        }),
      ],
      90 * 16,
      95,
    ],
    [
      'DepthwiseConv2D',
      () => [tf.layers.depthwiseConv2d({ inputShape: [6, 6, 4], kernelSize: 3, depthMultiplier: 2 })],
      72 * 16,
      80,
    ],
    // Depthwise 3*3*4 and pointwise 4*8 at 4*4 positions.
    [
      'SeparableConv2D',
      () => [tf.layers.separableConv2d({ inputShape: [6, 6, 4], filters: 8, kernelSize: 3 })],
      (36 + 32) * 16,
      76,
    ],
    ['Dense', () => [tf.layers.dense({ inputShape: [7], units: 5 })], 35, 40],
    ['Dense over positions', () => [tf.layers.dense({ inputShape: [3, 2, 7], units: 5 })], 35 * 6, 40],
    // Three gates: (4*5 + 5*5) * 3 at each of 6 steps.
    ['GRU', () => [tf.layers.gru({ inputShape: [6, 4], units: 5 })], 135 * 6, 150],
    ['LSTM', () => [tf.layers.lstm({ inputShape: [6, 4], units: 5 })], 180 * 6, 200],
    [
      'SimpleRNN',
      () => [tf.layers.simpleRNN({ inputShape: [6, 4], units: 5, returnSequences: true })],
      45 * 6,
      50,
    ],
    [
      'Bidirectional',
      () => [
        tf.layers.bidirectional({
          inputShape: [6, 4],
          layer: tf.layers.lstm({ units: 5 }) as tf.RNN,
          mergeMode: 'concat',
        }),
      ],
      360 * 6,
      400,
    ],
    [
      'TimeDistributed',
      () => [tf.layers.timeDistributed({ inputShape: [6, 4], layer: tf.layers.dense({ units: 5 }) })],
      20 * 6,
      25,
    ],
    [
      'Embedding and normalisation',
      () => [
        tf.layers.embedding({ inputDim: 9, outputDim: 4, inputLength: 3 }),
        tf.layers.layerNormalization(),
      ],
      0,
      44,
    ],
    [
      'pooling, batch normalisation and activations',
      () => [
        tf.layers.maxPooling2d({ inputShape: [4, 4, 2], poolSize: 2 }),
        tf.layers.batchNormalization(),
        tf.layers.prelu(),
        tf.layers.globalAveragePooling2d({ dataFormat: 'channelsLast' }),
      ],
      0,
      16,
    ],
  ])('%s', (_, layers, macs, parameters) => {
    expect(counted(layers())).toEqual({ macs, parameters, uncounted: [] });
  });

  it('Dot contracts one axis', () => {
    const [a, b] = [tf.input({ shape: [3, 4] }), tf.input({ shape: [4, 5] })];
    const outputs = tf.layers.dot({ axes: [2, 1] }).apply([a, b]) as tf.SymbolicTensor;
    expect(modelMacs(tf.model({ inputs: [a, b], outputs })).macs).toBe(3 * 4 * 5);
  });

  it('a nested model counts at each of its uses', () => {
    const part = tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [4] })] });
    const x = tf.input({ shape: [4] });
    const outputs = part.apply(part.apply(x)) as tf.SymbolicTensor;
    expect(modelMacs(tf.model({ inputs: x, outputs })).macs).toBe(32);
  });

  it.each([0, 1])('names a layer with %d weights that it does not know', (weights) => {
    class Mystery extends tf.layers.Layer {
      static className = 'Mystery';
      override build(shape: tf.Shape) {
        for (let index = 0; index < weights; index++)
          this.addWeight(`w${index}`, [shape.at(-1) ?? 1], 'float32', tf.initializers.ones());
        super.build(shape);
      }
      override computeOutputShape(shape: tf.Shape) {
        return shape;
      }
    }
    const { macs, uncounted } = counted([
      tf.layers.dense({ units: 4, inputShape: [4] }),
      new Mystery({ name: 'odd' }),
    ]);
    expect({ macs, uncounted }).toEqual({ macs: 16, uncounted: ['odd'] });
  });
});
