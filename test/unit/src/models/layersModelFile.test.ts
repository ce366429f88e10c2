import { describe, expect, it } from 'vitest';
import { layersModelClass, topologyLimit } from '../../../../src/models/layersModelFile';

const file = (change: object): string =>
  JSON.stringify({
    format: 'layers-model',
    modelTopology: { class_name: 'Sequential', config: { layers: [] } },
    weightsManifest: [{ paths: ['weights.bin'], weights: [] }],
    ...change,
  });

describe('layersModelClass', () => {
  it('knows a model as tfjs and as the Keras converter write it', () => {
    expect(layersModelClass(file({}))).toBe('Sequential');
    const converted = {
      modelTopology: { keras_version: '2.6', model_config: { class_name: 'Functional', config: {} } },
    };
    expect(layersModelClass(file({ ...converted, format: undefined }))).toBe('Functional');
  });

  it.each([
    ['a graph-model', file({ format: 'graph-model', modelTopology: { node: [] } })],
    ['a graph-model without a format', file({ format: undefined, modelTopology: { node: [] } })],
    ['a topology alone', file({ weightsManifest: undefined })],
    ['other JSON', '{"modelTopology": "weightsManifest"}'],
    ['words in a string', '{"a": "\\"modelTopology\\" and \\"weightsManifest\\""}'],
    ['a cut text', file({}).slice(0, -20)],
    ['more than any topology holds', file({ filler: 'x'.repeat(topologyLimit) })],
  ])('refuses %s', (_, text) => expect(layersModelClass(text)).toBeNull());
});
