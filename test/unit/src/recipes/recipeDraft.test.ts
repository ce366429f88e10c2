import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { MethodInfo } from '../../../../engine/contract/model';
import { lossKeys, recipeSchema, recipeSuffix as contractSuffix } from '../../../../engine/contract/recipe';
import {
  defaultName,
  freeFileName,
  nameProblem,
  recipeSuffix,
  recipeText,
  type Draft,
} from '../../../../src/recipes/recipeDraft';

const method = (id: string): MethodInfo => ({
  id,
  title: id,
  summary: '',
  source: '',
  url: '',
  guide: { formula: '', needs: '', cost: '', fails: '', decisions: [] },
  needsTeacher: id !== 'task',
  pairs: 'none',
  tasks: ['classification'],
  defaultWeight: 0.5,
  parameters: {},
});

const draft: Draft = {
  name: 'small net',
  task: 'classification',
  student: { file: '/p/models/student.ts', exportName: 'makeStudent', label: 'makeStudent' },
  teacher: { file: '/p/teacher/model.json', exportName: null, label: 'teacher', isTrainedFirst: false },
  data: { kind: 'folders', path: '/p/data/train', testPath: '/p/data/test', input: { divide: 255 } },
  losses: [
    { method: method('task'), pairs: null },
    { method: method('kd'), pairs: null },
    { method: method('cwd'), pairs: [{ teacher: 'conv5', student: 'conv2', adapter: 'auto' }] },
  ],
  backend: 'auto',
};

describe('recipeText', () => {
  it('writes paths relative to the recipe', () => {
    const recipe = JSON.parse(recipeText(draft, '/p/models/small-net.distill.json'));
    expect(recipe).toMatchObject({
      name: 'small net',
      teacher: '../teacher/model.json',
      student: 'student.ts#makeStudent',
      data: { kind: 'folders', path: '../data/train', testPath: '../data/test', input: { divide: 255 } },
      control: true,
    });
    expect(recipe.losses[2]).toMatchObject({
      method: 'cwd',
      pairs: [{ teacher: 'conv5', student: 'conv2', adapter: 'auto' }],
    });
    expect(recipe).not.toHaveProperty('backend');
  });

  it('says that a teacher of code is trained first, and leaves out one that is not needed', () => {
    const code = { file: '/p/models/teacher.ts', exportName: 'makeTeacher', label: '', isTrainedFirst: true };
    const text = (change: Partial<Draft>) =>
      JSON.parse(recipeText({ ...draft, ...change }, '/p/models/a.distill.json'));
    expect(text({ teacher: code }).teacher).toEqual({
      model: 'teacher.ts#makeTeacher',
      train: { epochs: 10 },
    });
    expect(text({ teacher: null })).not.toHaveProperty('teacher');
    expect(text({ backend: 'cpu' }).backend).toBe('cpu');
  });

  it('names the task, and columns of a table as they are', () => {
    const data: Draft['data'] = { kind: 'csv', path: '/p/data/t.csv', target: 'count', image: 'file' };
    const recipe = JSON.parse(recipeText({ ...draft, task: 'regression', data }, '/p/models/a.distill.json'));
    expect(recipe.task).toBe('regression');
    expect(recipe.data).toEqual({ kind: 'csv', path: '../data/t.csv', target: 'count', image: 'file' });
    expect(JSON.parse(recipeText(draft, '/p/a.distill.json'))).not.toHaveProperty('task');
  });

  it('is a recipe by the contract’s schema', () => {
    const schema = recipeSchema(z.strictObject({ method: z.string(), ...lossKeys }));
    const read = schema.parse(JSON.parse(recipeText(draft, '/p/models/a.distill.json')));
    expect(read.losses.map((loss) => [loss.method, loss.weight])).toEqual([
      ['task', 0.5],
      ['kd', 0.5],
      ['cwd', 0.5],
    ]);
    expect(read.teacher).toEqual([{ model: '../teacher/model.json' }]);
  });
});

it('takes a name that is free, and never an existing file', () => {
  expect(freeFileName('small net', new Set())).toBe('small-net.distill.json');
  expect(freeFileName('a', new Set(['a.distill.json', 'a-2.distill.json']))).toBe('a-3.distill.json');
  expect(recipeSuffix).toBe(contractSuffix);
});

it('accepts exactly the names that a recipe may have', () => {
  for (const name of ['a', 'Small net-2.1', 'x'.repeat(80)]) expect(nameProblem(name)).toBeNull();
  for (const name of ['', ' ', 'a/b', 'x'.repeat(81), 'é']) expect(nameProblem(name)).not.toBeNull();
  const label = (text: string) => defaultName({ file: '', exportName: null, label: text });
  expect([label('makeStudent'), label('a/b:c'), label('…')]).toEqual(['makeStudent', 'a-b-c', 'student']);
});
