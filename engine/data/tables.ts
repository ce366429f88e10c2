import type { InputColumn } from '../contract/run';
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import { dropEmpty, fullColumn, learnColumns, numberColumn, type TableEncoder } from './columns';
import { cellNumber, columnAt, parseTable, type Table } from './csv';
import type { Split, Targets } from './dataset';
import { readBytes } from './files';
import { pictureShape } from './shapes';
import { keptPositions, readPictures, type Of, type Source, type Wanted } from './source';

type Options = Of<'csv'>;

const targetsOf = ({ target }: Options): string[] => [target].flat();

/** The columns whose cells must be known: what is read, and what is predicted. */
const inputNames = (options: Options, { columns }: Table): string[] => {
  if (options.image !== undefined) return [options.image];
  const targets = targetsOf(options);
  return options.columns ?? columns.filter((name) => !targets.includes(name));
};

const read = async (options: Options, path: string): Promise<Table> => {
  const text = Buffer.from(await readBytes(path, 'table')).toString('utf8');
  const table = parseTable(text, path, options.separator);
  for (const name of targetsOf(options)) columnAt(table, name);
  return options.missing === 'drop'
    ? dropEmpty(table, [...inputNames(options, table), ...targetsOf(options)])
    : table;
};

/** Class names: numbers in their order, words in theirs. */
const classesIn = (cells: readonly string[]): string[] => {
  const names = [...new Set(cells)];
  const isNumbers = names.every((name) => Number.isFinite(cellNumber(name)));
  return names.sort((a, b) => (isNumbers ? cellNumber(a) - cellNumber(b) : a < b ? -1 : 1));
};

interface Learnt {
  labels: Int32Array;
  targets?: Targets;
}

const valuesOf = (table: Table, columns: readonly string[]): Learnt => {
  const numbers = columns.map((column) => numberColumn(table, column));
  const values = Float32Array.from(
    { length: table.rows.length * columns.length },
    (_, at) => numbers[at % columns.length]?.[Math.floor(at / columns.length)] as number,
  );
  return {
    labels: new Int32Array(table.rows.length),
    targets: { values: { shape: [columns.length], values } },
  };
};

const labelsOf = (table: Table, column: string, classes: readonly string[]): Learnt => ({
  labels: Int32Array.from(fullColumn(table, column), (cell) => {
    const label = classes.indexOf(cell);
    if (label >= 0) return label;
    throw new Failed(
      'dataInvalid',
      `${table.file} has the class "${cell}" in the column "${column}", which the training table does not have.`,
      'Correct the cell, or add training samples of this class.',
    );
  }),
});

const oneTarget = (options: Options): string => {
  const [target, second] = targetsOf(options);
  if (target !== undefined && second === undefined) return target;
  throw new Failed(
    'recipeInvalid',
    'The data section names several target columns, and only regression predicts more than one.',
    'Name one column as "target", or set "task": "regression".',
  );
};

const requireInputs = (
  inputs: readonly InputColumn[],
  [length, ...rest]: readonly number[],
  file: string,
): void => {
  if (rest.length === 0 && length === inputs.length) return;
  const names = inputs.map((input) => ('word' in input ? `${input.column}=${input.word}` : input.column));
  throw new Failed(
    'dataInvalid',
    `The columns of ${file} are ${inputs.length} inputs (${names.slice(0, 12).join(', ')}${names.length > 12 ? ' …' : ''}), but the student takes ${[length, ...rest].join(' x ')}.`,
    `Give the student the input shape [${inputs.length}], or name its columns as "columns" in the data section.`,
  );
};

/** Files of the column of pictures, absolute. */
const pictureFiles = (options: Options, base: string, table: Table): string[] => {
  const folder = options.folder === undefined ? dirname(table.file) : resolve(base, options.folder);
  return fullColumn(table, options.image ?? '').map((name, line) => {
    const file = resolve(folder, name);
    if (existsSync(file)) return file;
    throw new Failed(
      'dataNotFound',
      `Line ${line + 2} of ${table.file} names the picture ${name}, which is not in ${folder}.`,
      'Give the folder of the pictures as "folder" in the data section, or correct the table.',
    );
  });
};

/** What the network reads of each line: numbers of the table, or the picture that it names. */
type Inputs = (table: Table) => Promise<Pick<Split, 'shape' | 'values'>>;

const pictureInputs =
  (options: Options, wanted: Wanted): Inputs =>
  async (table) => {
    const shape = pictureShape(options, wanted.sampleShape);
    return { shape, values: await readPictures(pictureFiles(options, wanted.base, table), shape, wanted) };
  };

const tableInputs =
  (encoder: TableEncoder): Inputs =>
  (table) =>
    Promise.resolve({ shape: [encoder.inputs.length], values: encoder.encode(table) });

const limited = (table: Table, labels: Int32Array, { limit }: Wanted): Table => ({
  ...table,
  rows: [...keptPositions(labels, limit)].map((at) => table.rows[at] as Table['rows'][number]),
});

/** Reads a table: its columns, or the pictures that it names, and the columns to be predicted. */
export const openTable = async (options: Options, wanted: Wanted): Promise<Source> => {
  const { base, task, sampleShape } = wanted;
  const all = await read(options, resolve(base, options.path));
  const isRegression = task === 'regression';
  const classes = isRegression ? [] : classesIn(fullColumn(all, oneTarget(options)));
  const learn = (table: Table): Learnt =>
    isRegression ? valuesOf(table, targetsOf(options)) : labelsOf(table, oneTarget(options), classes);
  const table = limited(all, learn(all).labels, wanted);
  const test = options.testPath === undefined ? null : await read(options, resolve(base, options.testPath));
  const encoder =
    options.image === undefined ? learnColumns(table, inputNames(options, table), options) : null;
  if (encoder) requireInputs(encoder.inputs, sampleShape, all.file);
  const inputs = encoder ? tableInputs(encoder) : pictureInputs(options, wanted);
  const split = async (from: Table): Promise<Split> => ({
    count: from.rows.length,
    ...(await inputs(from)),
    ...learn(from),
  });
  return {
    train: await split(table),
    test: test && (await split(test)),
    classes,
    ...(isRegression ? { outputs: targetsOf(options).map((name) => ({ name, mean: 0, std: 1 })) } : {}),
    ...(encoder ? { inputs: encoder.inputs } : {}),
  };
};
