import { basename, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import type { Task } from '../contract/recipe';
import { ignored, type Split, type Target, type Targets } from './dataset';
import { readBytes } from './files';
import { parseIdx, type StoredArray } from './idx';
import { countClasses, readLabels } from './labels';
import { maskClasses, toClassNumbers, type MaskClasses } from './maskClasses';
import { readArray } from './npy';
import { gather } from './partition';
import { elements, fitShape } from './shapes';
import { bothOrNeither, type Of, type Source, type Wanted } from './source';

type Options = Of<'idx'> | Of<'arrays'>;
type Read = (path: string, what: string) => Promise<StoredArray>;

const readIdx: Read = async (path, what) => parseIdx(await readBytes(path, what), path);

const wrongShape = (file: string, found: readonly number[], wanted: string): Failed =>
  new Failed(
    'dataInvalid',
    `The labels in ${file} have the shape ${found.join(' x ')}, where ${wanted} is expected.`,
    'Save the array in that shape, or correct the recipe’s task.',
  );

const values = ({ shape, values: numbers }: StoredArray, file: string): Target => {
  const [, ...rest] = shape;
  if (rest.length > 1) throw wrongShape(file, shape, 'samples, or samples x outputs,');
  const wrong = numbers.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0)
    throw new Failed(
      'dataInvalid',
      `The labels in ${file} hold ${numbers[wrong]} at position ${wrong}, which is no number to learn.`,
      'Fill in or leave out these samples.',
    );
  return { shape: [rest[0] ?? 1], values: Float32Array.from(numbers) };
};

const masks = ({ shape, values: numbers }: StoredArray, file: string, sample: readonly number[]): Target => {
  const [, height, width, ...rest] = shape;
  const fits = height === sample[0] && width === sample[1] && (rest.length === 0 || elements(rest) === 1);
  if (!fits) throw wrongShape(file, shape, `samples x ${sample[0]} x ${sample[1]}`);
  const wrong = numbers.findIndex((value) => !Number.isInteger(value) || value < 0 || value > ignored);
  if (wrong >= 0)
    throw new Failed(
      'dataInvalid',
      `The masks in ${file} hold ${numbers[wrong]}, which is no class number.`,
      'Number the classes 0, 1, 2 and so on, and let 255 stand for pixels that do not count.',
    );
  return { shape: [height as number, width as number], values: Uint8Array.from(numbers) };
};

const boxes = ({ shape, values: numbers }: StoredArray, file: string): Target => {
  const [, most, columns, ...rest] = shape;
  if (columns !== 5 || rest.length > 0) throw wrongShape(file, shape, 'samples x boxes x 5');
  const rows = Float32Array.from(numbers);
  for (let at = 0; at < rows.length; at += 5) {
    const [top = NaN, left = NaN, bottom = NaN, right = NaN, label = NaN] = rows.subarray(at, at + 5);
    const isBox = top >= 0 && left >= 0 && bottom <= 1 && right <= 1 && top < bottom && left < right;
    if (label < 0 || (isBox && Number.isInteger(label))) continue;
    throw new Failed(
      'dataInvalid',
      `Row ${at / 5} of the boxes in ${file} is ${[top, left, bottom, right, label].join(', ')}, which is no box within the picture.`,
      'Give top, left, bottom, right as shares from 0 to 1, then the class number; −1 where there is no box.',
    );
  }
  return { shape: [most as number, 5], values: rows };
};

/** What the labels' array stands for in each task. */
const readTarget = (
  task: Task,
  stored: StoredArray,
  file: string,
  sample: readonly number[],
): { labels: Int32Array; targets?: Targets } => {
  const none = new Int32Array(stored.shape[0] ?? 0);
  switch (task) {
    case 'regression':
      return { labels: none, targets: { values: values(stored, file) } };
    case 'segmentation':
      return { labels: none, targets: { mask: masks(stored, file, sample) } };
    case 'detection':
      return { labels: none, targets: { boxes: boxes(stored, file) } };
    default:
      return { labels: readLabels(stored, file) };
  }
};

const readSplit = async (
  read: Read,
  [images, labels]: readonly [string, string],
  which: string,
  { sampleShape, task }: Wanted,
): Promise<Split> => {
  const stored = await read(images, `${which} images`);
  const target = readTarget(task, await read(labels, `${which} labels`), labels, sampleShape);
  const [count = 0, ...shape] = stored.shape;
  if (count === 0) {
    throw new Failed('dataInvalid', `${images} holds no samples.`, 'Give a file with at least one sample.');
  }
  if (count !== target.labels.length) {
    throw new Failed(
      'dataInvalid',
      `${basename(images)} holds ${count} samples, but ${basename(labels)} holds ${target.labels.length} labels.`,
      'Give images and labels that belong together.',
    );
  }
  return { count, shape: fitShape(shape, sampleShape, images), values: stored.values, ...target };
};

const numbered = (count: number): string[] => Array.from({ length: count }, (_, which) => String(which));

const boxClasses = (splits: readonly Split[]): string[] => {
  let most = 0;
  for (const { targets } of splits)
    targets?.boxes?.values.forEach((value, at) => {
      if (at % 5 === 4) most = Math.max(most, value + 1);
    });
  return numbered(most);
};

const withClasses = (split: Split, classes: MaskClasses): Split => {
  const mask = split.targets?.mask;
  if (!mask) return split;
  const numbers = toClassNumbers(Uint32Array.from(mask.values), classes, () => 'the masks');
  return { ...split, targets: { mask: { ...mask, values: numbers } } };
};

const nameClasses = (task: Task, train: Split, test: Split | null): Source => {
  const splits = test ? [train, test] : [train];
  if (task === 'segmentation') {
    const found = new Set(splits.flatMap(({ targets }) => [...new Set(targets?.mask?.values)]));
    const classes = maskClasses(found, {});
    const named = splits.map((split) => withClasses(split, classes));
    return { train: named[0] as Split, test: named[1] ?? null, classes: classes.names };
  }
  if (task === 'detection') return { train, test, classes: boxClasses(splits) };
  if (task !== 'regression')
    return { train, test, classes: numbered(countClasses(...splits.map(({ labels }) => labels))) };
  const outputs = numbered(train.targets?.values?.shape[0] ?? 1);
  return { train, test, classes: [], outputs: outputs.map((name) => ({ name, mean: 0, std: 1 })) };
};

/** Reads IDX files or numpy arrays: images, and what the task learns as `labels`. */
export const openArrays = async (options: Options, wanted: Wanted): Promise<Source> => {
  const read = options.kind === 'idx' ? readIdx : readArray;
  const paths = (pair: readonly [string, string]) =>
    [resolve(wanted.base, pair[0]), resolve(wanted.base, pair[1])] as const;
  const tested = bothOrNeither(['testImages', options.testImages], ['testLabels', options.testLabels]);
  const all = await readSplit(read, paths([options.images, options.labels]), 'training', wanted);
  const test = tested && (await readSplit(read, paths(tested), 'test', wanted));
  const { train, ...source } = nameClasses(wanted.task, all, test);
  const kept = wanted.limit(train.labels);
  return { ...source, train: kept ? gather(train, kept) : train };
};
