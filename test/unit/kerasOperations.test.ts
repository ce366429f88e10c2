import { describe, expect, it } from 'vitest';
import { withOperationsAsLayers } from '../../engine/models/kerasOperations';

const lambda = (name: string, operation: string, x: string, y: unknown) => ({
  class_name: 'TFOpLambda',
  config: { name, trainable: true, dtype: 'float32', function: operation },
  name,
  inbound_nodes: [[x, 0, 0, { y, name: null }]],
});

const layersOf = (...layers: object[]): unknown[] => {
  const { config } = withOperationsAsLayers({ class_name: 'Functional', config: { layers } });
  return (config as { layers: unknown[] }).layers;
};

describe('operators that Keras 2 writes as layers of the class TFOpLambda', () => {
  it('become layers of TensorFlow.js: of a number', () => {
    expect(layersOf(lambda('plus', '__operators__.add', 'conv', 3))).toMatchObject([
      {
        class_name: 'Rescaling',
        config: { name: 'plus', scale: 1, offset: 3 },
        inbound_nodes: [[['conv', 0, 0, {}]]],
      },
    ]);
    expect(layersOf(lambda('part', 'math.truediv', 'conv', 4))).toMatchObject([
      { class_name: 'Rescaling', config: { scale: 0.25, offset: 0 } },
    ]);
  });

  it('become layers of TensorFlow.js: of two tensors', () => {
    expect(layersOf(lambda('gate', 'math.multiply', 'conv', ['part', 0, 0]))).toMatchObject([
      {
        class_name: 'Multiply',
        inbound_nodes: [
          [
            ['conv', 0, 0, {}],
            ['part', 0, 0, {}],
          ],
        ],
      },
    ]);
  });

  it('stay what they are where no layer does the same', () => {
    const given = lambda('clip', 'clip_by_value', 'conv', 1);
    expect(layersOf(given)).toEqual([given]);
  });
});
