import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildAdapter, chooseAdapter, type AdapterChoice } from '../../engine/adapters/build';
import { useBackend } from '../../engine/backend/choose';
import type { AdapterKind } from '../../engine/contract/recipe';
import type { ResolvedPair } from '../../engine/methods/method';
import { Random } from '../../engine/random';

beforeAll(async () => {
  await useBackend('cpu');
});

const pair = (
  studentShape: number[],
  teacherShape: number[],
  adapter: AdapterKind = 'auto',
): ResolvedPair => ({ teacher: 'deep', student: 'shallow', adapter, studentShape, teacherShape });

const build = (kind: AdapterChoice, studentShape: number[], teacherShape: number[], seed = 'seed') =>
  buildAdapter(kind, studentShape, teacherShape, new Random(seed), 'shallow');

const sample = (shape: number[], seed = 1) => tf.randomNormal(shape, 1, 2, 'float32', seed);

describe('choosing an adapter', () => {
  const resized = { channels: 'same', sizes: 'resized' } as const;
  const regressed = { channels: 'same', sizes: 'regressed' } as const;
  const any = { channels: 'any', sizes: 'resized' } as const;

  it.each([
    ['equal maps', resized, [4, 4, 8], [4, 4, 8], 'none'],
    ['other channels', resized, [4, 4, 2], [4, 4, 8], 'conv1x1'],
    ['equal channels, other size, resized', resized, [8, 8, 8], [4, 4, 8], 'none'],
    ['other channels, regressed', regressed, [4, 4, 2], [4, 4, 8], 'convreg'],
    ['equal maps, regressed', regressed, [4, 4, 8], [4, 4, 8], 'none'],
    ['half the size, regressed', regressed, [8, 8, 2], [4, 4, 8], 'convreg'],
    ['twice the size, regressed', regressed, [4, 4, 2], [8, 8, 8], 'convreg'],
    ['no regressor fits', regressed, [4, 4, 2], [7, 7, 8], 'conv1x1'],
    ['vectors', resized, [2], [8], 'linear'],
    ['a method for any channels', any, [8, 8, 2], [4, 4, 8], 'none'],
  ] as const)('%s', (_, needs, studentShape, teacherShape, wanted) => {
    expect(chooseAdapter(pair([...studentShape], [...teacherShape]), needs)).toBe(wanted);
  });

  it.each([
    ['a map and a vector', [4, 4, 8], [8], 'auto'],
    ['no adapter for other channels', [4, 4, 2], [4, 4, 8], 'none'],
    ['a linear adapter for maps', [4, 4, 2], [4, 4, 8], 'linear'],
    ['a convolution for vectors', [2], [8], 'conv1x1'],
    ['a regressor for three times the size', [4, 4, 2], [12, 12, 8], 'convreg'],
    ['a stride for equal sizes', [4, 4, 2], [4, 4, 8], 'conv3x3-stride2'],
    ['a transposed convolution for half the size', [8, 8, 2], [4, 4, 8], 'conv4x4-transposed'],
    ['resizing for other channels', [8, 8, 2], [4, 4, 8], 'resize'],
    ['two layers for maps', [4, 4, 2], [4, 4, 8], 'mlp'],
    ['an assignment without channels', [4, 4, 2], [4, 4, 8], 'assign'],
  ] as const)('refuses %s and says what to do', (_, studentShape, teacherShape, kind) => {
    expect(() => chooseAdapter(pair([...studentShape], [...teacherShape], kind), resized)).toThrowError(
      expect.objectContaining({
        code: 'pairMismatch',
        message: expect.stringMatching(/teacher layer "deep" \(.*\) and student layer "shallow" \(.*\)/),
        next: expect.stringMatching(/\.$/),
      }),
    );
  });
});

describe('what adapters give', () => {
  it.each([
    ['conv1x1', [4, 4, 3], [4, 4, 5]],
    ['conv3x3', [4, 4, 3], [4, 4, 5]],
    ['conv1x1-bn', [4, 4, 3], [4, 4, 5]],
    ['conv1x1-bn-relu', [4, 4, 3], [4, 4, 5]],
    ['convreg', [8, 8, 3], [4, 4, 5]],
    ['convreg', [4, 4, 3], [8, 8, 5]],
    ['convreg', [6, 5, 3], [4, 3, 5]],
    ['conv3x3-stride2', [8, 8, 3], [4, 4, 5]],
    ['conv4x4-transposed', [4, 4, 3], [8, 8, 5]],
    ['linear', [3], [5]],
    ['mlp', [3], [5]],
  ] as const)('%s from %j to %j, with a gradient for every variable', (kind, studentShape, teacherShape) => {
    const adapter = build(kind, [...studentShape], [...teacherShape]);
    const input = sample([6, ...studentShape]);
    expect(adapter.kind).toBe(kind);
    expect(adapter.apply(input, true).shape).toEqual([6, ...teacherShape]);
    expect(adapter.apply(input, false).shape).toEqual([6, ...teacherShape]);
    const variables = [...adapter.variables.values()];
    const { grads } = tf.variableGrads(
      () => adapter.apply(input, true).square().mean().asScalar(),
      variables,
    );
    const moved = variables.filter((variable) => (grads[variable.name]?.abs().max().dataSync()[0] ?? 0) > 0);
    expect(moved.length).toBeGreaterThan(0);
    expect(Object.keys(grads)).toHaveLength(variables.length);
  });

  it('starts the same for the same seed, and with He’s deviation for the fan-out', () => {
    const kernel = (seed: string) => [
      ...(build('conv1x1', [4, 4, 64], [4, 4, 128], seed).variables.get('shallow/kernel')?.dataSync() ?? []),
    ];
    expect(kernel('one')).toEqual(kernel('one'));
    expect(kernel('one')).not.toEqual(kernel('two'));
    const deviation = Math.sqrt(kernel('one').reduce((sum, weight) => sum + weight ** 2, 0) / (64 * 128));
    expect(deviation).toBeCloseTo(Math.sqrt(2 / 128), 2);
  });

  it('assign picks channels, and its gradient goes to those that were picked', () => {
    const adapter = buildAdapter(
      'assign',
      [2, 2, 3],
      [2, 2, 4],
      new Random('assign'),
      'assign',
      [2, 0, 0, 2],
    );
    const input = sample([5, 2, 2, 3]);
    const picked = adapter.apply(input, true);
    expect(
      picked
        .sub(input.gather([2, 0, 0, 2], 3))
        .abs()
        .max()
        .dataSync()[0],
    ).toBeLessThan(1e-6);
    const gradient = tf.grad((x: tf.Tensor) => adapter.apply(x, true).sum())(input);
    expect([...gradient.mean([0, 1, 2]).dataSync()]).toEqual([2, 0, 2]);
    expect(adapter.variables.size).toBe(0);
  });

  it('assign is checked: one number below the student’s channels for each of the teacher’s', () => {
    const named = (channels: number[]) => ({ ...pair([4, 4, 2], [4, 4, 3], 'assign'), channels });
    const needs = { channels: 'same', sizes: 'resized' } as const;
    expect(chooseAdapter(named([0, 1, 1]), needs)).toBe('assign');
    expect(() => chooseAdapter(named([0, 1]), needs)).toThrow(/3 numbers below 2/);
    expect(() => chooseAdapter(named([0, 1, 2]), needs)).toThrow(/3 numbers below 2/);
  });

  it('resize averages what shrinks and interpolates what grows', () => {
    const input = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const resized = (height: number, width: number) => [
      ...build('resize', [2, 2, 1], [height, width, 1]).apply(input, true).dataSync(),
    ];
    expect(resized(1, 1)).toEqual([2.5]);
    expect(resized(1, 4)).toEqual([2, 2.25, 2.75, 3]);
  });

  it('none is the identity and trains nothing', () => {
    const adapter = build('none', [4, 4, 3], [4, 4, 3]);
    const input = sample([2, 4, 4, 3]);
    expect(adapter.variables.size).toBe(0);
    expect(adapter.apply(input, true)).toBe(input);
  });
});

describe('batch normalisation of an adapter', () => {
  it('normalises by the batch in training, and by what it kept afterwards', () => {
    const adapter = build('conv1x1-bn', [4, 4, 3], [4, 4, 5]);
    const input = sample([6, 4, 4, 3]);
    const trained = adapter.apply(input, true);
    const { mean, variance } = tf.moments(trained, [0, 1, 2]);
    expect(Math.max(...mean.abs().dataSync())).toBeLessThan(1e-4);
    expect(Math.max(...variance.sub(1).abs().dataSync())).toBeLessThan(1e-3);
    const first = [...adapter.apply(input, false).dataSync()];
    for (let step = 0; step < 80; step++) tf.tidy(() => void adapter.apply(input, true));
    const settled = adapter.apply(input, false);
    expect(first).not.toEqual([...settled.dataSync()]);
    expect(settled.sub(trained).abs().max().dataSync()[0]).toBeLessThan(5e-3);
  });

  it('keeps nine tenths of its old statistics, and changes none outside training', () => {
    const adapter = build('conv1x1-bn', [4, 4, 3], [4, 4, 5]);
    const input = sample([6, 4, 4, 3]);
    const kept = adapter.statistics?.get('shallow/mean');
    const plain = build('conv1x1', [4, 4, 3], [4, 4, 5]).apply(input, true).mean([0, 1, 2]);
    adapter.apply(input, false);
    expect([...(kept?.dataSync() ?? [])]).toEqual([0, 0, 0, 0, 0]);
    adapter.apply(input, true);
    expect(kept?.sub(plain.mul(0.1)).abs().max().dataSync()[0]).toBeLessThan(1e-6);
  });
});
