import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { deadChannels } from '../../engine/profile/deadChannels';
import { networkOf } from '../fixtures/tinyNetwork';
import { runCommand } from './command';
import { tinyProject } from './tinyProject';

beforeAll(async () => {
  await useBackend('cpu');
});

it('finds the channels whose scale is next to nothing, layer by layer', () => {
  const norm = (name: string, options = {}) => tf.layers.batchNormalization({ name, ...options });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv', inputShape: [4, 4, 1], filters: 3, kernelSize: 1 }),
      norm('first'),
      norm('plain', { scale: false }),
      norm('second'),
    ],
  });
  const network = networkOf(model, 'dead');
  network.trainable.get('first/gamma')?.assign(tf.tensor1d([0.5, -0.01, 0.019]));
  expect(deadChannels(network, 0.02)).toEqual([
    { layer: 'first', channels: [1, 2], of: 3 },
    { layer: 'second', channels: [], of: 3 },
  ]);
});

it('is asked from the command line', async () => {
  const project = await tinyProject();
  try {
    const model = `${project.folder}/teacher.js#teacher`;
    const json = await runCommand(['channels', model, '--backend', 'cpu', '--threshold', '2', '--json']);
    expect(JSON.parse(json.output)).toEqual({
      threshold: 2,
      layers: [{ layer: 'norm1', channels: [0, 1, 2, 3, 4, 5, 6, 7], of: 8 }],
    });
    const text = await runCommand(['channels', model, '--backend', 'cpu']);
    expect(text.output).toContain('norm1  0 of 8');
  } finally {
    await project.remove();
  }
});

it('has a page of every method, too', async () => {
  const page = await runCommand(['methods', 'det-wang']);
  expect(page.output).toContain('# Imitation near objects (Wang)');
  const unknown = await runCommand(['methods', 'detwang', '--json']);
  expect([unknown.code, JSON.parse(unknown.output)]).toMatchObject([
    1,
    { failure: { code: 'recipeInvalid' } },
  ]);
});
