import type { InputColumn, ValueColumn } from '../contract/run';
import { totalmem } from 'node:os';
import { Failed } from '../contract/failure';
import type { DataOptions } from '../contract/data';
import type { Task } from '../contract/recipe';

import type { Split } from './dataset';
import { decodePictures, type OnDecoded, type PictureShape } from './pictures';
import { elements } from './shapes';

/** Data as one kind of reader gives them: nothing kept aside yet. */
export interface Source {
  train: Split;
  test: Split | null;
  classes: string[];
  outputs?: ValueColumn[];
  inputs?: InputColumn[];
}

/** Picks, by their labels, the positions of the training samples that are used at all (`limit`); null for all. */
export type Limit = (labels: Int32Array) => Int32Array | null;

export type Of<K extends DataOptions['kind']> = Extract<DataOptions, { kind: K }>;

/** What a reader needs to know beside its own options. */
export interface Wanted {
  task: Task;
  /** Absolute folder that relative paths start from. */
  base: string;
  /** The student's input without the batch dimension. */
  sampleShape: readonly number[];
  limit: Limit;
  onDecoded?: OnDecoded | undefined;
}

/** Decodes picture files to [files, height, width, channels]. Throws `Failed` (outOfMemory, dataInvalid). */
export const readPictures = async (
  files: readonly string[],
  shape: PictureShape,
  { onDecoded }: Pick<Wanted, 'onDecoded'>,
): Promise<Uint8Array> => {
  const bytes = files.length * elements(shape);
  if (bytes > totalmem() / 2) {
    throw new Failed(
      'outOfMemory',
      `${files.length} pictures of ${shape.join(' x ')} need ${(bytes / 2 ** 30).toFixed(1)} GiB, more than half of this machine’s memory.`,
      'Set limit in the data section, or use a student with a smaller input.',
    );
  }
  return decodePictures(files, shape, onDecoded);
};

/** The positions that `limit` picks, or all. */
export const keptPositions = (labels: Int32Array, limit: Limit): Int32Array =>
  limit(labels) ?? Int32Array.from(labels.keys());

/** A pair of options of which both or neither must be given. Throws `Failed` (recipeInvalid). */
export const bothOrNeither = (
  [firstName, first]: readonly [string, string | undefined],
  [secondName, second]: readonly [string, string | undefined],
): readonly [string, string] | null => {
  if (first !== undefined && second !== undefined) return [first, second];
  if (first === undefined && second === undefined) return null;
  throw new Failed(
    'recipeInvalid',
    `The recipe’s data section has ${first === undefined ? `${secondName} without ${firstName}` : `${firstName} without ${secondName}`}.`,
    'Give both, or neither.',
  );
};
