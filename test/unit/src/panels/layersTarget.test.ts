import { describe, expect, it } from 'vitest';
import type { Recipe } from '../../../../engine/contract/recipe';
import {
  absoluteReference,
  chosenSources,
  dataWords,
  isLayersTarget,
  recipeSources,
} from '../../../../src/panels/layersTarget';
import { checkedLosses } from '../../../../src/panels/pageRequests';

const student = { file: '/p/student.ts', exportName: 'student', label: 'student' };
const recipe = {
  teacher: [{ model: 'nets/teacher.ts#teacher' }, { model: 'other/model.json' }],
  student: { model: 'student.ts#student' },
  data: { kind: 'folders', path: 'data/train' },
  losses: [
    { method: 'task' },
    { method: 'cwd', weight: 2, pairs: [{ teacher: 'a', student: 'b', adapter: 'none' }] },
  ],
} as unknown as Recipe;

describe('what the Layers page shows', () => {
  it('is read from a recipe, with paths from its folder', () => {
    const sources = recipeSources('/p/mine.distill.json', recipe);
    expect(sources.name).toBe('mine');
    expect(sources.teacher).toBe('/p/nets/teacher.ts#teacher');
    expect(sources.student).toBe('/p/student.ts#student');
    expect(sources.losses?.[1]).toEqual({
      method: 'cwd',
      weight: 2,
      pairs: [{ teacher: 'a', student: 'b', adapter: 'none' }],
      index: 1,
    });
    expect(dataWords(sources)).toBe('data/train');
    expect(absoluteReference('/abs/model.json', '/p')).toBe('/abs/model.json');
  });

  it('is what was chosen, and differs with either network', () => {
    const alone = chosenSources({ student, teacher: null, data: null });
    const teacher = { file: '/p/model.json', exportName: null, label: 'model' };
    const both = chosenSources({ student, teacher, data: { kind: 'folders', path: '/p/data' } });
    expect([alone.teacher, both.teacher]).toEqual([null, '/p/model.json']);
    expect(alone.key).not.toBe(both.key);
    expect([dataWords(alone), dataWords(both)]).toEqual([null, 'p/data']);
  });

  it('is restored only if it is whole', () => {
    expect(isLayersTarget({ recipe: 'file:///p/a.distill.json' })).toBe(true);
    expect(isLayersTarget({ student, teacher: null, data: null })).toBe(true);
    for (const broken of [null, 'x', {}, { student: {} }, { recipe: 1 }])
      expect(isLayersTarget(broken)).toBe(false);
  });
});

describe('losses that a page wants written', () => {
  const loss = {
    method: 'cwd',
    weight: 1,
    index: null,
    pairs: [{ teacher: 'a', student: 'b', adapter: 'none' }],
  };

  it('come through field by field', () => {
    expect(checkedLosses([{ ...loss, path: '/etc' }])).toEqual([loss]);
    expect(checkedLosses([{ ...loss, pairs: null, weight: null, index: 3 }])).toHaveLength(1);
  });

  it('are refused where a field is of another kind', () => {
    const broken = [
      { ...loss, weight: -1 },
      { ...loss, weight: NaN },
      { ...loss, index: 'x' },
      { ...loss, pairs: [{ teacher: 1, student: 'b', adapter: 'none' }] },
      { ...loss, method: 'm'.repeat(1000) },
    ];
    for (const one of broken) expect(() => checkedLosses([one])).toThrow();
    for (const none of [null, {}, [], 'losses']) expect(() => checkedLosses(none)).toThrow();
  });
});
