import { createHash } from 'node:crypto';
import { totalmem } from 'node:os';
import { basename, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import type { DataOptions } from '../contract/recipe';
import type { Dataset, Split } from './dataset';
import { readBytes } from './files';
import { listTestFolder, listTrainingFolder, type Listing } from './folders';
import { parseIdx, type StoredArray } from './idx';
import { countClasses, readLabels } from './labels';
import { readArray } from './npy';
import { choose, gather, shareOf } from './partition';
import { decodePictures, type PictureShape } from './pictures';
import { elements, fitShape, pictureShape } from './shapes';

/** Picks, by their labels, the positions of the training samples that are used at all (`limit`). */
type Limit = (labels: Int32Array) => Int32Array | null;
type Of<K extends DataOptions['kind']> = Extract<DataOptions, { kind: K }>;
type Read = (path: string, what: string) => Promise<StoredArray>;

interface Source {
  train: Split;
  test: Split | null;
  classes: string[];
}

const readIdx: Read = async (path, what) => parseIdx(await readBytes(path, what), path);

const readSplit = async (
  read: Read,
  [images, labels]: readonly [string, string],
  which: string,
  sampleShape: readonly number[],
): Promise<Split> => {
  const stored = await read(images, `${which} images`);
  const numbers = readLabels(await read(labels, `${which} labels`), labels);
  const [count = 0, ...shape] = stored.shape;
  if (count === 0) {
    throw new Failed('dataInvalid', `${images} holds no samples.`, 'Give a file with at least one sample.');
  }
  if (count !== numbers.length) {
    throw new Failed(
      'dataInvalid',
      `${basename(images)} holds ${count} samples, but ${basename(labels)} holds ${numbers.length} labels.`,
      'Give images and labels that belong together.',
    );
  }
  return { count, shape: fitShape(shape, sampleShape, images), values: stored.values, labels: numbers };
};

const testPaths = (options: Of<'idx'> | Of<'arrays'>): readonly [string, string] | null => {
  const { testImages, testLabels } = options;
  if (testImages !== undefined && testLabels !== undefined) return [testImages, testLabels];
  if (testImages === undefined && testLabels === undefined) return null;
  throw new Failed(
    'recipeInvalid',
    `The recipe’s data section has ${testImages ? 'testImages without testLabels' : 'testLabels without testImages'}.`,
    'Give both, or neither.',
  );
};

const openArrays = async (
  options: Of<'idx'> | Of<'arrays'>,
  base: string,
  sampleShape: readonly number[],
  limit: Limit,
): Promise<Source> => {
  const read = options.kind === 'idx' ? readIdx : readArray;
  const paths = (pair: readonly [string, string]) =>
    [resolve(base, pair[0]), resolve(base, pair[1])] as const;
  const test = testPaths(options);
  const all = await readSplit(read, paths([options.images, options.labels]), 'training', sampleShape);
  const kept = limit(all.labels);
  const train = kept ? gather(all, kept) : all;
  const tested = test && (await readSplit(read, paths(test), 'test', sampleShape));
  const count = countClasses(all.labels, tested?.labels ?? new Int32Array());
  return { train, test: tested, classes: Array.from({ length: count }, (_, which) => String(which)) };
};

const decodeListing = async ({ files, labels }: Listing, shape: PictureShape): Promise<Split> => {
  const bytes = files.length * elements(shape);
  if (bytes > totalmem() / 2) {
    throw new Failed(
      'outOfMemory',
      `${files.length} pictures of ${shape.join(' x ')} need ${(bytes / 2 ** 30).toFixed(1)} GiB, more than half of this machine’s memory.`,
      'Set limit in the data section, or use a student with a smaller input.',
    );
  }
  return { count: files.length, shape, values: await decodePictures(files, shape), labels };
};

const openFolders = async (
  options: Of<'folders'>,
  base: string,
  sampleShape: readonly number[],
  limit: Limit,
): Promise<Source> => {
  const shape = pictureShape(options, sampleShape);
  const { classes, files, labels } = await listTrainingFolder(resolve(base, options.path));
  const test =
    options.testPath === undefined ? null : await listTestFolder(resolve(base, options.testPath), classes);
  const positions = limit(labels) ?? Int32Array.from(labels.keys());
  const kept: Listing = {
    classes,
    files: Array.from(positions, (position) => files[position] as string),
    labels: positions.map((position) => labels[position] as number),
  };
  return {
    train: await decodeListing(kept, shape),
    test: test && (await decodeListing(test, shape)),
    classes,
  };
};

const hashOf = ({ train, test, classes }: Source): string => {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const split of [train, test]) {
    if (!split) continue;
    const { shape, values, labels } = split;
    hash.update(JSON.stringify({ shape, type: values.constructor.name, count: split.count }));
    for (const part of [values, labels])
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
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

const checkCounts = ({ train, classes }: Source): void => {
  if (classes.length < 2) {
    throw new Failed(
      'dataInvalid',
      'Every training sample has the same class, so there is nothing to tell apart.',
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

/**
 * Reads a recipe's data. `sampleShape` is the student's input without the batch dimension; relative paths start from
 * `base`. Of the training samples, `limit` are used, and of these the share `validation` is kept aside (an empty
 * split where it is 0). Both choices are stratified, so every class keeps its share, and depend on `seed` alone.
 * Bytes stay bytes; other numbers become float32. Everything is held in memory: one byte, or four, for each value.
 * Throws `Failed` (dataNotFound, dataInvalid, recipeInvalid, outOfMemory, backendMissing).
 */
export const openDataset = async (
  options: DataOptions,
  base: string,
  sampleShape: readonly number[],
  seed: number,
): Promise<Dataset> => {
  checkAugmentation(options, sampleShape);
  const limit: Limit = (labels) =>
    options.limit === undefined || options.limit >= labels.length
      ? null
      : choose(labels, options.limit, `${seed}/data/limit`).chosen;
  const source =
    options.kind === 'folders'
      ? await openFolders(options, base, sampleShape, limit)
      : await openArrays(options, base, sampleShape, limit);
  checkCounts(source);
  const aside = shareOf(source.train.count, options.validation);
  const { chosen, rest } = choose(source.train.labels, aside, `${seed}/data/validation`);
  return {
    train: gather(source.train, rest),
    validation: gather(source.train, chosen),
    test: source.test,
    classes: source.classes,
    hash: hashOf(source),
  };
};
