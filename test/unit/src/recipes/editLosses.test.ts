import { describe, expect, it } from 'vitest';
import type { MethodInfo } from '../../../../engine/contract/model';
import type { LossDraft } from '../../../../engine/contract/pages';
import { differenceOf, editLosses } from '../../../../src/recipes/editLosses';

const text = `{
  // what to do
  "student": "student.ts#student",
  "losses": [
    { "method": "task" },
    { "method": "kd", "weight": 0.3, "temperature": 4 }, // soft
    {
      "method": "cwd",
      "pairs": [{ "teacher": "relu5", "student": "relu3" }]
    }
  ],
  "seed": 1
}
`;
const pair = { teacher: 'relu5', student: 'relu3', adapter: 'auto' } as const;
const losses: LossDraft[] = [
  { method: 'task', weight: null, pairs: null, index: 0 },
  { method: 'kd', weight: 0.3, pairs: null, index: 1 },
  { method: 'cwd', weight: null, pairs: [pair], index: 2 },
];
const methods = [{ id: 'at', defaultWeight: 1000 }] as MethodInfo[];
const edited = (changed: readonly LossDraft[]): string => editLosses(text, changed, methods);

describe('a recipe’s losses', () => {
  it('stay to the letter where nothing changed', () => {
    expect(edited(losses)).toBe(text);
  });

  it('keep their other settings, and the comments beside them', () => {
    const changed = edited([
      losses[0] as LossDraft,
      { ...(losses[1] as LossDraft), weight: 0.5 },
      losses[2] as LossDraft,
    ]);
    expect(changed).toBe(text.replace('0.3', '0.5'));
  });

  it('lose a weight, get pairs, go and come', () => {
    const changed = edited([
      { ...(losses[1] as LossDraft), weight: null },
      { ...(losses[2] as LossDraft), pairs: [pair, { teacher: 'a', student: 'b', adapter: 'conv1x1' }] },
      { method: 'at', weight: null, pairs: [pair], index: null },
    ]);
    expect(JSON.parse(changed.replace(/\/\/.*/g, '')).losses).toEqual([
      { method: 'kd', temperature: 4 },
      {
        method: 'cwd',
        pairs: [
          { teacher: 'relu5', student: 'relu3' },
          { teacher: 'a', student: 'b', adapter: 'conv1x1' },
        ],
      },
      { method: 'at', weight: 1000, pairs: [{ teacher: 'relu5', student: 'relu3' }] },
    ]);
    expect(changed).toContain('// what to do');
  });

  it('change by the least edit', () => {
    const after = text.replace('0.3', '0.5');
    const { from, to, text: put } = differenceOf(text, after);
    expect([text.slice(from, to), put]).toEqual(['3', '5']);
    expect(differenceOf('aa', 'aaa')).toEqual({ from: 2, to: 2, text: 'a' });
    expect(differenceOf('same', 'same')).toEqual({ from: 4, to: 4, text: '' });
  });
});
