import { beforeAll, describe, expect, it } from 'vitest';
import { proposeFor, proposePairs } from '../../engine/adapters/propose';
import { resolvePairs } from '../../engine/adapters/resolvePairs';
import { penultimateTap, stageEnds } from '../../engine/adapters/stages';
import { useBackend } from '../../engine/backend/choose';
import type { ModelInfo } from '../../engine/contract/model';
import { findMethod } from '../../engine/methods/registry';
import { tinyCnn, tinyMlp } from '../fixtures/tinyNetwork';

beforeAll(async () => {
  await useBackend('cpu');
});

/** `name kind HxWxC parameters` a line. */
const model = (name: string, lines: string[]): ModelInfo => {
  const layers = lines.map((line) => {
    const [layer, kind, shape, parameters] = line.split(' ') as [string, string, string, string];
    return {
      name: layer,
      kind,
      shape: shape.split('x').map(Number),
      parameters: Number(parameters),
      macs: 0,
    };
  });
  return {
    reference: `${name}.json`,
    name,
    format: 'layers-model',
    inputShape: layers[0]?.shape ?? [],
    outputShape: layers.at(-1)?.shape ?? [],
    softmaxRemoved: false,
    parameters: 0,
    macs: 0,
    layers,
    taps: [...layers.map((layer) => layer.name), 'logits'],
  };
};

const teacher = () =>
  model('teacher', [
    'image InputLayer 32x32x3 0',
    'conv1 Conv2D 32x32x32 896',
    'relu1 Activation 32x32x32 0',
    'pool1 MaxPooling2D 16x16x32 0',
    'conv2 Conv2D 16x16x64 18496',
    'relu2 Activation 16x16x64 0',
    'conv3 Conv2D 8x8x128 73856',
    'relu3 Activation 8x8x128 0',
    'pool3 MaxPooling2D 4x4x128 0',
    'flat Flatten 2048 0',
    'drop Dropout 2048 0',
    'classes Dense 10 20490',
  ]);
const student = () =>
  model('student', [
    'image InputLayer 32x32x3 0',
    'a Conv2D 16x16x8 224',
    'b Conv2D 16x16x8 584',
    'c Conv2D 8x8x16 1168',
    'gap GlobalAveragePooling2D 16 0',
    'out Dense 10 170',
  ]);

describe('proposing pairs', () => {
  it('finds where stages end: the last layer of each size that holds a trained one', () => {
    expect(stageEnds(teacher()).map(({ name }) => name)).toEqual(['relu1', 'relu2', 'relu3']);
    expect(stageEnds(student()).map(({ name }) => name)).toEqual(['b', 'c']);
  });

  it('pairs stage ends of equal size in order, shallowest first', () => {
    expect(proposePairs(teacher(), student())).toEqual([
      { teacher: 'relu2', student: 'b', adapter: 'auto' },
      { teacher: 'relu3', student: 'c', adapter: 'auto' },
    ]);
  });

  it('never crosses pairs where sizes come back', () => {
    const hourglass = model('hourglass', [
      'image InputLayer 8x8x1 0',
      'down Conv2D 4x4x8 80',
      'deep Conv2D 2x2x8 584',
      'up Conv2DTranspose 4x4x8 584',
      'classes Conv2D 4x4x3 27',
    ]);
    const pairs = proposePairs(hourglass, hourglass).map((pair) => [pair.teacher, pair.student]);
    expect(pairs).toEqual([
      ['down', 'down'],
      ['deep', 'deep'],
      ['up', 'up'],
    ]);
  });

  it('pairs by the share of the input where the inputs differ', () => {
    const odd = model('odd', ['image InputLayer 30x30x3 0', 'only Conv2D 15x15x4 112', 'out Dense 10 50']);
    expect(proposePairs(teacher(), odd)).toEqual([{ teacher: 'relu2', student: 'only', adapter: 'auto' }]);
  });

  it('takes the last stages where no sizes go together', () => {
    const coarse = model('coarse', [
      'image InputLayer 32x32x3 0',
      'patch Conv2D 1x1x64 196672',
      'out Dense 10 650',
    ]);
    expect(proposePairs(teacher(), coarse)).toEqual([
      { teacher: 'relu3', student: 'patch', adapter: 'auto' },
    ]);
  });

  it('takes the features before the classifier where there are no maps, dropout left out', () => {
    const [large, small] = [tinyMlp('large', 16, 4, 3), tinyMlp('small', 4, 4, 3)];
    expect(proposePairs(large.info, small.info)).toEqual([
      { teacher: 'hidden', student: 'hidden', adapter: 'auto' },
    ]);
    expect(penultimateTap(teacher())?.name).toBe('flat');
    expect(penultimateTap(student())?.name).toBe('gap');
    const graph = model('graph', [
      'image Placeholder 8x8x1 0',
      'conv Conv2D 8x8x4 40',
      'mean Mean 4 0',
      'product MatMul 10 40',
      'logits_bias BiasAdd 10 10',
    ]);
    expect(penultimateTap(graph)?.name).toBe('mean');
  });

  it('gives each method what it takes: attention all stages, hints and channels the deepest', () => {
    const students = (id: string) =>
      proposeFor(findMethod(id), teacher(), student()).map((pair) => pair.student);
    expect(students('at')).toEqual(['b', 'c']);
    expect(students('fitnets')).toEqual(['c']);
    expect(students('cwd')).toEqual(['c']);
    expect(students('kd')).toEqual([]);
  });

  it('says which adapter each pair would get', () => {
    const adapters = (id: string) =>
      proposeFor(findMethod(id), teacher(), student()).map((pair) => pair.adapter);
    expect([adapters('at'), adapters('cwd'), adapters('fitnets')]).toEqual([
      ['none', 'none'],
      ['conv1x1'],
      ['convreg'],
    ]);
  });

  it('works on opened networks', () => {
    const [large, small] = [tinyCnn('large', 4, 3), tinyCnn('small', 2, 3)];
    expect(proposePairs(large.info, small.info).map((pair) => pair.student)).toEqual(['first', 'second']);
  });
});

describe('resolving pairs', () => {
  const resolve = (id: string, pairs?: { teacher: string; student: string; adapter: 'auto' }[]) =>
    resolvePairs(pairs, teacher(), student(), findMethod(id));

  it('adds both shapes, of layers and of the logits', () => {
    expect(resolve('sp', [{ teacher: 'logits', student: 'c', adapter: 'auto' }])).toEqual([
      { teacher: 'logits', student: 'c', adapter: 'auto', teacherShape: [10], studentShape: [8, 8, 16] },
    ]);
  });

  it('proposes where the recipe names none', () => {
    expect(resolve('cwd').map(({ teacherShape, studentShape }) => [teacherShape, studentShape])).toEqual([
      [
        [8, 8, 128],
        [8, 8, 16],
      ],
    ]);
  });

  it('names an unknown layer, the nearest one, and where to see them all', () => {
    const unknown = () => resolve('at', [{ teacher: 'rellu3', student: 'c', adapter: 'auto' }]);
    expect(unknown).toThrowError(
      expect.objectContaining({
        code: 'pairMismatch',
        message:
          'The teacher "teacher" has no layer "rellu3" that can be matched. The nearest name is "relu3".',
        next: 'List its layers with: retort profile teacher.json',
      }),
    );
    expect(() => resolve('at', [{ teacher: 'relu3', student: 'cc', adapter: 'auto' }])).toThrowError(
      /student.*"cc"/,
    );
  });

  it('refuses pairs for a method that matches no layers, and an empty list for one that does', () => {
    const given = [{ teacher: 'relu3', student: 'c', adapter: 'auto' as const }];
    expect(() => resolve('kd', given)).toThrowError(expect.objectContaining({ code: 'recipeInvalid' }));
    expect(() => resolve('at', [])).toThrowError(expect.objectContaining({ code: 'recipeInvalid' }));
  });
});
