import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../../engine/random';
import { npy } from '../engine/tinyProject';
import type { BenchTask } from './tasks';

const shapes = {
  small: { side: 28, channels: 1, classes: 10 },
  student: { side: 32, channels: 3, classes: 100 },
  teacher: { side: 32, channels: 3, classes: 100 },
} as const;

/** Normalisation that every network of the bench does itself. */
export const inputOptions = { divide: 255, mean: [0.5], std: [0.25] };

/** A generated data set and a recipe for a task, as a user would write them; gives the recipe's file. */
export const writeProject = async (
  folder: string,
  models: string,
  task: BenchTask,
  batch: number,
): Promise<string> => {
  const { side, channels, classes } = shapes[task.network];
  const count = Math.max(2 * batch, classes);
  const random = new Random(`bench/${task.id}`);
  const images = Uint8Array.from({ length: count * side * side * channels }, () => random.integer(256));
  const labels = Int32Array.from({ length: count }, (_, sample) => (sample * 7) % classes);
  const recipe = {
    student: `${models}#${task.network}`,
    ...(task.teacher ? { teacher: `${models}#${task.teacher}` } : {}),
    data: {
      kind: 'arrays',
      images: 'images.npy',
      labels: 'labels.npy',
      testImages: 'images.npy',
      testLabels: 'labels.npy',
      input: inputOptions,
      augment: { flip: true, crop: 4, repeat: 1 },
      validation: 0,
    },
    losses: task.losses,
    training: { batchSize: batch, optimizer: task.optimizer },
    control: false,
  };
  const file = join(folder, 'bench.distill.json');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'images.npy'), npy('|u1', [count, side, side, channels], images));
  await writeFile(join(folder, 'labels.npy'), npy('<i4', [count], labels));
  await writeFile(file, JSON.stringify(recipe, null, 2));
  return file;
};
