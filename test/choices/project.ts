import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataOptions } from '../../engine/contract/data';
import type { Pair } from '../../engine/contract/recipe';
import type { Split } from '../../engine/data/dataset';
import { openDataset } from '../../engine/data/open';
import { gather } from '../../engine/data/partition';
import { npy } from '../engine/tinyProject';

/** Samples that a teacher, and later a student, learns from, and that both are measured on. */
export interface Counts {
  teacher: number;
  student: number;
  test: number;
}

const input = { divide: 255, mean: [0.286], std: [0.353] };

const writeSplit = async (folder: string, name: string, split: Split): Promise<void> => {
  await writeFile(
    join(folder, `${name}.npy`),
    npy('|u1', [split.count, ...split.shape], split.values as Uint8Array),
  );
  await writeFile(join(folder, `${name}-labels.npy`), npy('<i4', [split.count], split.labels));
};

const first = (split: Split, count: number): Split =>
  gather(
    split,
    Int32Array.from({ length: Math.min(count, split.count) }, (_, at) => at),
  );

/** Writes as many samples of Fashion-MNIST as are needed into `folder`, so that every run reads a small file. */
export const writeData = async (idx: string, folder: string, counts: Counts): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const options = {
    kind: 'idx',
    images: 'train-images-idx3-ubyte.gz',
    labels: 'train-labels-idx1-ubyte.gz',
    testImages: 't10k-images-idx3-ubyte.gz',
    testLabels: 't10k-labels-idx1-ubyte.gz',
    augment: { flip: false, crop: 0 },
    validation: 0,
    limit: counts.teacher,
  } as DataOptions;
  const { train, test } = await openDataset(options, idx, [28, 28, 1], 1);
  await writeSplit(folder, 'teacher', train);
  await writeSplit(folder, 'student', first(train, counts.student));
  if (test) await writeSplit(folder, 'test', first(test, counts.test));
};

export const dataOf = (whose: 'teacher' | 'student'): Record<string, unknown> => ({
  kind: 'arrays',
  images: `${whose}.npy`,
  labels: `${whose}-labels.npy`,
  testImages: 'test.npy',
  testLabels: 'test-labels.npy',
  input,
  validation: 0,
});

export interface Budget {
  epochs: number;
  seed: number;
}

const common = { control: false, keep: 'last' };
const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 0.0005 };

export const teacherRecipe = (model: string, { epochs, seed }: Budget): Record<string, unknown> => ({
  ...common,
  name: 'teacher',
  student: model,
  data: dataOf('teacher'),
  losses: [{ method: 'task' }],
  training: { epochs, batchSize: 64, learningRate: 0.05, optimizer },
  seed,
});

/** A student with hints over `pairs`; without pairs, from the labels alone. */
export const studentRecipe = (
  models: { teacher: string; student: string },
  pairs: readonly Pair[],
  weight: number,
  { epochs, seed }: Budget,
): Record<string, unknown> => ({
  ...common,
  name: 'student',
  ...(pairs.length > 0 ? { teacher: models.teacher } : {}),
  student: models.student,
  data: dataOf('student'),
  losses: [{ method: 'task' }, ...(pairs.length > 0 ? [{ method: 'fitnets', weight, pairs }] : [])],
  training: { epochs, batchSize: 50, learningRate: 0.1, optimizer },
  seed,
});
