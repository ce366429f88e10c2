import { expect, it } from 'vitest';
import type { RunModels } from '../../../../engine/contract/calls';
import type { LayerInfo, ModelInfo } from '../../../../engine/contract/model';
import { layerAt } from '../../../../src/models/layerAt';

const layer = (name: string, file: string, line: number, endLine = line): LayerInfo => ({
  name,
  kind: 'Dense',
  shape: [3],
  parameters: 0,
  macs: 0,
  location: { file, line, column: 0, endLine },
});
const model = (layers: LayerInfo[]): ModelInfo => ({
  reference: '',
  name: '',
  format: 'code',
  inputShape: [3],
  outputShape: [3],
  softmaxRemoved: false,
  parameters: 0,
  macs: 0,
  layers,
  taps: [],
});
const models = (student: LayerInfo[], teacher: LayerInfo[] | null = null): RunModels => ({
  student: model(student),
  teacher: teacher && model(teacher),
  pairs: [],
  classes: [],
  samples: 0,
});

it('finds the layer by file and line, inclusive', () => {
  const known = models([layer('a', '/p/s.ts', 2, 4), layer('b', '/p/s.ts', 5)], [layer('t', '/p/t.ts', 2)]);
  expect(layerAt(known, '/p/s.ts', 4)).toEqual({ network: 'student', layer: 'a' });
  expect(layerAt(known, '/p/./s.ts', 5)).toEqual({ network: 'student', layer: 'b' });
  expect(layerAt(known, '/p/t.ts', 2)).toEqual({ network: 'teacher', layer: 't' });
  expect(layerAt(known, '/p/s.ts', 6)).toBeNull();
  expect(layerAt(known, '/p/other.ts', 2)).toBeNull();
});

it('takes the narrowest definition, the student’s of equal ones, and the last layer that a loop made', () => {
  expect(
    layerAt(models([layer('block', '/p/s.ts', 0, 9), layer('inner', '/p/s.ts', 3)]), '/p/s.ts', 3)?.layer,
  ).toBe('inner');
  expect(layerAt(models([layer('s', '/p/a.ts', 1)], [layer('t', '/p/a.ts', 1)]), '/p/a.ts', 1)?.network).toBe(
    'student',
  );
  expect(layerAt(models([layer('c1', '/p/a.ts', 1), layer('c2', '/p/a.ts', 1)]), '/p/a.ts', 1)?.layer).toBe(
    'c2',
  );
});

it('passes over layers that no line makes', () => {
  const bare = layer('a', '/p/s.ts', 1);
  delete bare.location;
  expect(layerAt(models([bare]), '/p/s.ts', 1)).toBeNull();
});
