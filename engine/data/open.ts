import { createHash } from 'node:crypto';
import { Failed } from '../contract/failure';
import type { DataOptions } from '../contract/data';
import type { Task } from '../contract/recipe';
import { openArrays } from './arrays';
import { openFolders } from './classFolders';
import { openCoco } from './coco';
import type { Dataset } from './dataset';
import { openMasks } from './masks';
import { choose, gather, shareOf } from './partition';
import type { OnDecoded } from './pictures';
import type { Limit, Source, Wanted } from './source';
import { standardiseValues } from './standardise';
import { openTable } from './tables';
import { openVoc } from './voc';

type Kind = DataOptions['kind'];

const withLabels = ['classification', 'features'] as const;
const anyTask = ['classification', 'regression', 'segmentation', 'detection', 'features'] as const;

/** What can be learnt from each kind of data; the first is taken where no recipe says. */
const tasksOf: Record<Kind, readonly Task[]> = {
  idx: anyTask,
  arrays: anyTask,
  folders: withLabels,
  masks: ['segmentation'],
  csv: ['regression', ...withLabels],
  voc: ['detection'],
  coco: ['detection'],
};

const checkTask = (kind: Kind, task: Task): void => {
  if (tasksOf[kind].includes(task)) return;
  throw new Failed(
    'recipeInvalid',
    `Data of the kind "${kind}" cannot be used for ${task}.`,
    `Set "task" to ${tasksOf[kind].map((one) => `"${one}"`).join(' or ')}, or use data of another kind.`,
  );
};

const read = (options: DataOptions, wanted: Wanted): Promise<Source> => {
  switch (options.kind) {
    case 'idx':
    case 'arrays':
      return openArrays(options, wanted);
    case 'folders':
      return openFolders(options, wanted);
    case 'masks':
      return openMasks(options, wanted);
    case 'csv':
      return openTable(options, wanted);
    case 'voc':
      return openVoc(options, wanted);
    case 'coco':
      return openCoco(options, wanted);
  }
};

const bytesOf = (part: Uint8Array | Float32Array | Int32Array): Uint8Array =>
  new Uint8Array(part.buffer, part.byteOffset, part.byteLength);

const hashOf = ({ train, test, classes, outputs }: Source): string => {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  if (outputs) hash.update(JSON.stringify(outputs));
  for (const split of [train, test]) {
    if (!split) continue;
    const { shape, values, labels, targets } = split;
    hash.update(JSON.stringify({ shape, type: values.constructor.name, count: split.count }));
    for (const part of [values, labels]) hash.update(bytesOf(part));
    for (const [name, target] of Object.entries(targets ?? {}))
      hash.update(JSON.stringify({ name, shape: target.shape })).update(bytesOf(target.values));
  }
  return hash.digest('hex');
};

const checkAugmentation = ({ augment }: DataOptions, shape: readonly number[]): void => {
  if (shape.length === 3 || (!augment.flip && augment.crop === 0)) return;
  throw new Failed(
    'recipeInvalid',
    `Samples of ${shape.join(' x ')} are no pictures, so they cannot be flipped or cropped.`,
    'Take augment out of the data section.',
  );
};

const leastClasses: Record<Task, number> = {
  classification: 2,
  features: 2,
  segmentation: 2,
  detection: 1,
  regression: 0,
};

const checkCounts = ({ train, classes }: Source, task: Task): void => {
  if (classes.length < leastClasses[task]) {
    throw new Failed(
      'dataInvalid',
      task === 'segmentation'
        ? 'Every pixel of the masks has the same class, so there is nothing to tell apart.'
        : 'Every training sample has the same class, so there is nothing to tell apart.',
      'Give labels with at least two classes.',
    );
  }
  if (train.count >= 2) return;
  throw new Failed(
    'dataInvalid',
    'There is only one training sample, so none can be kept aside.',
    'Give more training samples, or a larger limit.',
  );
};

const divide = (source: Source, options: DataOptions, seed: number): Dataset => {
  const { train, ...rest } = source;
  const aside = shareOf(train.count, options.validation);
  const parts = choose(train.labels, aside, `${seed}/data/validation`);
  const dataset = {
    ...rest,
    train: gather(train, parts.rest),
    validation: gather(train, parts.chosen),
    hash: hashOf(source),
  };
  return 'standardise' in options && options.standardise ? standardiseValues(dataset) : dataset;
};

/**
 * Reads a recipe's data for a task. `sampleShape` is the student's input without the batch dimension; relative paths
 * start from `base`. Of the training samples, `limit` are used, and of these the share `validation` is kept aside (an
 * empty split where it is 0). Both choices are stratified, so every class keeps its share, and depend on `seed` alone.
 * Bytes stay bytes; other numbers become float32. Everything is held in memory: one byte, or four, for each value.
 * `onDecoded` hears of every picture, first of the training ones, then of the test ones.
 * Throws `Failed` (dataNotFound, dataInvalid, recipeInvalid, outOfMemory, backendMissing).
 */
export const openDataset = async (
  options: DataOptions,
  base: string,
  sampleShape: readonly number[],
  seed: number,
  task: Task = tasksOf[options.kind][0] as Task,
  onDecoded?: OnDecoded,
): Promise<Dataset> => {
  checkTask(options.kind, task);
  checkAugmentation(options, sampleShape);
  const limit: Limit = (labels) =>
    options.limit === undefined || options.limit >= labels.length
      ? null
      : choose(labels, options.limit, `${seed}/data/limit`).chosen;
  const source = await read(options, { task, base, sampleShape, limit, onDecoded });
  checkCounts(source, task);
  return divide(source, options, seed);
};
