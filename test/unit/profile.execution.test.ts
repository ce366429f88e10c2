import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Execution } from '../../engine/models/execution';
import { layersExecution } from '../../engine/models/layersExecution';
import { peakMemory } from '../../engine/profile/memory';
import { receptiveFields } from '../../engine/profile/receptiveField';
import { weightSizes } from '../../engine/profile/sizes';

beforeAll(() => tf.setBackend('cpu'));

type Layer = tf.layers.Layer;
type Symbolic = tf.SymbolicTensor;

const executionOf = (model: tf.LayersModel): Execution =>
  layersExecution(model, model.outputs[0] as Symbolic);

const sequence = (layers: Layer[]): Execution => executionOf(tf.sequential({ layers }));

/** By layer name, in the order of execution. */
const fieldsOf = (execution: Execution): (number | null)[] => receptiveFields(execution.steps);

const same = 'same' as const;

describe('the receptive field', () => {
  it.each<[string, () => Layer[], (number | null)[]]>([
    [
      // Three 3x3 in a row see 3, 5, 7; after a stride of two each step is worth two pixels: 7 + 2*2 = 11.
      'convolutions and a stride',
      () => [
        tf.layers.conv2d({ inputShape: [32, 32, 1], filters: 1, kernelSize: 3 }),
        tf.layers.conv2d({ filters: 1, kernelSize: 3 }),
        tf.layers.conv2d({ filters: 1, kernelSize: 3, strides: 2 }),
        tf.layers.conv2d({ filters: 1, kernelSize: 3 }),
      ],
      [1, 3, 5, 7, 11],
    ],
    [
      // A dilation of three spreads a 3x3 over seven pixels.
      'dilation',
      () => [tf.layers.conv2d({ inputShape: [32, 32, 1], filters: 1, kernelSize: 3, dilationRate: 3 })],
      [1, 7],
    ],
    [
      // Pooling by two: 2 pixels, a step of 2; then 3x3: 2 + 2*2.
      'pooling, padding and what works on single positions',
      () => [
        tf.layers.maxPooling2d({ inputShape: [32, 32, 1], poolSize: 2 }),
        tf.layers.batchNormalization(),
        tf.layers.reLU(),
        tf.layers.zeroPadding2d({ padding: 1 }),
        tf.layers.depthwiseConv2d({ kernelSize: 3 }),
        tf.layers.separableConv2d({ filters: 2, kernelSize: 3 }),
      ],
      [1, 2, 2, 2, 2, 6, 10],
    ],
    [
      // The larger side counts: 5 of 5x1, then 7 of 1x7.
      'kernels that are not square',
      () => [
        tf.layers.conv2d({ inputShape: [32, 32, 1], filters: 1, kernelSize: [5, 1] }),
        tf.layers.conv2d({ filters: 1, kernelSize: [1, 7] }),
      ],
      [1, 5, 7],
    ],
    [
      // Enlarged by two, neighbours are half a pixel apart: 3x3 then sees two more halves.
      'enlarging',
      () => [
        tf.layers.averagePooling2d({ inputShape: [32, 32, 1], poolSize: 4 }),
        tf.layers.upSampling2d({ size: [2, 2] }),
        tf.layers.conv2d({ filters: 1, kernelSize: 3 }),
        tf.layers.conv2dTranspose({ filters: 1, kernelSize: 4, strides: 2 }),
      ],
      // 4; 4; 4 + 2*2 = 8; a transposed kernel of 4 by 2 meets two positions, 2 apart: 10.
      [1, 4, 4, 8, 10],
    ],
    [
      'one axis and three',
      () => [
        tf.layers.conv1d({ inputShape: [32, 2], filters: 1, kernelSize: 5, strides: 2 }),
        tf.layers.maxPooling1d({ poolSize: 2 }),
      ],
      [1, 5, 7],
    ],
    [
      'layers that see everything',
      () => [
        tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 2, kernelSize: 3 }),
        tf.layers.dense({ units: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
      [1, 3, 3, null, null],
    ],
    [
      'global pooling',
      () => [tf.layers.globalAveragePooling2d({ inputShape: [8, 8, 1], dataFormat: 'channelsLast' })],
      [1, null],
    ],
  ])('of %s', (_, layers, fields) => {
    expect(fieldsOf(sequence(layers()))).toEqual(fields);
  });

  it('of a sum is that of its widest part', () => {
    const x = tf.input({ shape: [16, 16, 2] });
    const wide = tf.layers.conv2d({ filters: 2, kernelSize: 5, padding: same }).apply(x) as Symbolic;
    const outputs = tf.layers.add().apply([x, wide]) as Symbolic;
    expect(fieldsOf(executionOf(tf.model({ inputs: x, outputs })))).toEqual([1, 5, 5]);
  });

  it('goes through nested models, at each of their uses', () => {
    const part = tf.sequential({
      layers: [tf.layers.conv2d({ inputShape: [16, 16, 2], filters: 2, kernelSize: 3, padding: same })],
    });
    const x = tf.input({ shape: [16, 16, 2] });
    const outputs = part.apply(part.apply(x)) as Symbolic;
    const execution = executionOf(tf.model({ inputs: x, outputs }));
    expect(fieldsOf(execution)).toEqual([1, 3, 5]);
    expect(execution.steps.map(({ layer }) => layer)).toEqual([x.sourceLayer.name, part.name, part.name]);
  });
});

/** Steps by what each reads, one value each; the last gives the result. */
const chain = (inputs: number[][], views: number[] = []): Execution => ({
  steps: inputs.map((reads, index) => ({
    layer: `${index}`,
    kind: 'Any',
    inputs: reads.map((step) => ({ step, output: 0 })),
    window: null,
    isView: views.includes(index),
    run: null,
  })),
  result: { step: inputs.length - 1, output: 0 },
  weightArrays: 0,
  values: () => [],
});

describe('peak memory', () => {
  it('of a chain is its worst neighbours', () => {
    // 4+8, 8+6, 6+1.
    expect(peakMemory(chain([[], [0], [1], [2]]), [4, 8, 6, 1])).toBe(14);
  });

  it('keeps what a later step still reads', () => {
    // The block's input (10) waits for the addition, while 7 and 9 are computed: 10+7+9.
    const residual = chain([[], [0], [1], [0, 2]]);
    expect(peakMemory(residual, [10, 7, 9, 10])).toBe(29);
    expect(peakMemory(residual, [10, 7, 20, 1])).toBe(37);
  });

  it('counts a view as what it views, and leaves out what the result does not need', () => {
    // 0 -> 1 -> view of 1 -> 3; step 4 is beside the way to the result.
    const execution = { ...chain([[], [0], [1], [2], [0]], [2]), result: { step: 3, output: 0 } };
    expect(peakMemory(execution, [1, 5, 5, 2, 100])).toBe(7);
  });

  it('of a real network, counted by hand', () => {
    const x = tf.input({ shape: [8, 8, 2] });
    const apply = (layer: Layer, ...inputs: Symbolic[]) =>
      layer.apply(inputs.length > 1 ? inputs : (inputs[0] as Symbolic)) as Symbolic;
    const wide = apply(tf.layers.conv2d({ filters: 6, kernelSize: 1 }), x);
    const back = apply(tf.layers.conv2d({ filters: 2, kernelSize: 1 }), wide);
    const outputs = apply(tf.layers.flatten(), apply(tf.layers.add(), x, back));
    const execution = executionOf(tf.model({ inputs: x, outputs }));
    const bytes = tf.tidy(() =>
      execution
        .values(tf.zeros([1, 8, 8, 2]))
        .map((made) => made.reduce((sum, { size }) => sum + 4 * size, 0)),
    );
    // While the second convolution runs: the input, six channels, two channels; 64 positions of 4 bytes.
    expect(peakMemory(execution, bytes)).toBe((2 + 6 + 2) * 64 * 4);
  });
});

it('bytes of a weights file: int8 keeps a scale and a smallest value for each array', () => {
  expect(weightSizes(1000, 3)).toEqual({ float32: 4000, float16: 2000, int8: 1024 });
});
