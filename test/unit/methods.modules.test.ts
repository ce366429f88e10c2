import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { auxiliaryBranch } from '../../engine/methods/branch';
import { multiScale, scaledWidth } from '../../engine/methods/multiScale';
import { Random } from '../../engine/random';

beforeAll(async () => {
  await useBackend('cpu');
});

const noise = (...shape: [number, number, number, number]) =>
  tf.randomNormal<tf.Rank.R4>(shape, 0, 1, 'float32', 3);

describe('an auxiliary branch', () => {
  const branch = (shape: [number, number, number], last: [number, number, number]) =>
    auxiliaryBranch(shape, last, 5, new Random('branch'), 'aux');

  it.each([
    [[8, 8, 4], [2, 2, 12], 2],
    [[7, 7, 4], [4, 4, 6], 1],
    [[4, 4, 3], [4, 4, 8], 1],
  ] as const)(
    'brings a map of %j to %j by as many convolutions as sizes lie between',
    (shape, last, count) => {
      const { features, logits, variables } = branch([...shape], [...last]);
      const map = features(noise(2, shape[0], shape[1], shape[2]), true);
      expect(map.shape).toEqual([2, ...last]);
      expect(logits(map).shape).toEqual([2, 5]);
      expect([...variables.keys()].filter((name) => name.endsWith('kernel'))).toHaveLength(count);
    },
  );

  it('moves its statistics in training alone', () => {
    const { features, statistics } = branch([4, 4, 3], [2, 2, 6]);
    const read = () => [...(statistics?.values() ?? [])].map((variable) => [...variable.dataSync()]);
    const before = read();
    features(noise(2, 4, 4, 3), false);
    expect(read()).toEqual(before);
    features(noise(2, 4, 4, 3), true);
    expect(read()).not.toEqual(before);
  });
});

describe('multi-scale features', () => {
  it.each([
    [6, 4, 8],
    [8, 4, 8],
    [3, 2, 4],
  ])('of %d channels in %d parts have %d', (channels, groups, width) => {
    expect(scaledWidth(channels, groups)).toBe(width);
    const module = multiScale(channels, groups, new Random('scales'), 'scales');
    expect(module.apply(noise(2, 5, 5, channels), true).shape).toEqual([2, 5, 5, width]);
  });

  it('train every variable', () => {
    const module = multiScale(6, 4, new Random('scales'), 'scales');
    const map = noise(3, 5, 5, 6);
    const { grads } = tf.variableGrads(
      () => module.apply(map, true).square().sum().asScalar(),
      [...module.variables.values()],
    );
    for (const [name, variable] of module.variables) {
      const largest = grads[variable.name]?.abs().max().dataSync()[0] ?? 0;
      expect(largest, name).toBeGreaterThan(0);
    }
  });
});
