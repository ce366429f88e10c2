import { Failed } from '../contract/failure';
import type { InputColumn } from '../contract/run';
import { cellNumber, columnAt, type Table } from './csv';

type Missing = 'fail' | 'drop' | 'mean';

/** How one column becomes inputs, and what stands in for its empty cells. */
interface Encoder {
  column: string;
  inputs: InputColumn[];
  /** Null where cells must not be empty. */
  filling: string | null;
}

const mostWords = 100;

/** A cell that says nothing. Throws `Failed` (dataInvalid) that names the line, counted as editors do. */
const emptyCell = ({ file }: Table, row: number, column: string, next: string): Failed =>
  new Failed('dataInvalid', `Line ${row + 2} of ${file} has no value in the column "${column}".`, next);

const nextStep =
  'Fill the cell in, or set "missing" in the data section: "drop" leaves such samples out, "mean" fills in.';

/** Whether every known cell of a column is a number; throws where two kinds are mixed. */
const isNumeric = (table: Table, at: number): boolean => {
  const known = table.rows.map((row) => row[at] ?? null).filter((cell) => cell !== null);
  return known.length > 0 && known.every((cell) => Number.isFinite(cellNumber(cell)));
};

const commonest = (words: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
};

/** Mean and standard deviation; 1 for a column that never changes. */
export const momentsOf = (numbers: ArrayLike<number>): { mean: number; std: number } => {
  let [sum, squares] = [0, 0];
  for (let index = 0; index < numbers.length; index++) sum += numbers[index] as number;
  const mean = sum / numbers.length;
  for (let index = 0; index < numbers.length; index++) squares += ((numbers[index] as number) - mean) ** 2;
  const std = Math.sqrt(squares / numbers.length);
  return { mean, std: std > 1e-12 ? std : 1 };
};

const wordInputs = (table: Table, column: string, words: readonly string[]): InputColumn[] => {
  const known = [...new Set(words)].sort();
  if (known.length <= mostWords) return known.map((word) => ({ column, word }));
  const odd = words.find((word) => !Number.isFinite(cellNumber(word)));
  throw new Failed(
    'dataInvalid',
    `The column "${column}" of ${table.file} holds ${known.length} different words, e.g. "${odd ?? known[0]}".`,
    'Name the columns that the network shall read as "columns" in the data section, without this one.',
  );
};

const encoderOf = (table: Table, column: string, missing: Missing, scale: boolean): Encoder => {
  const at = columnAt(table, column);
  const known = table.rows.map((row) => row[at] ?? null).filter((cell) => cell !== null);
  if (known.length === 0)
    throw new Failed(
      'dataInvalid',
      `The column "${column}" of ${table.file} is empty.`,
      'Name the columns that the network shall read as "columns" in the data section, without this one.',
    );
  if (!isNumeric(table, at))
    return {
      column,
      inputs: wordInputs(table, column, known),
      filling: missing === 'mean' ? commonest(known) : null,
    };
  const { mean, std } = momentsOf(known.map(cellNumber));
  return {
    column,
    inputs: [scale ? { column, mean, std } : { column, mean: 0, std: 1 }],
    filling: missing === 'mean' ? String(mean) : null,
  };
};

/** How a table becomes inputs, learnt from its training lines. */
export interface TableEncoder {
  inputs: InputColumn[];
  /** [lines, inputs] of a table with these columns. Words that training has not seen give zeros. */
  encode(table: Table): Float32Array;
}

const encodeCell = (cell: string, inputs: readonly InputColumn[]): number[] =>
  inputs.map((input) =>
    'word' in input ? Number(cell === input.word) : (cellNumber(cell) - input.mean) / input.std,
  );

const requireNumbers = (values: readonly number[], table: Table, row: number, column: string): void => {
  if (values.every((value) => Number.isFinite(value))) return;
  throw new Failed(
    'dataInvalid',
    `Line ${row + 2} of ${table.file} has a word in the column "${column}", where training has numbers.`,
    'Correct the cell, or leave the column out with "columns" in the data section.',
  );
};

export const learnColumns = (
  table: Table,
  columns: readonly string[],
  { missing, scale }: { missing: Missing; scale: boolean },
): TableEncoder => {
  const encoders = columns.map((column) => encoderOf(table, column, missing, scale));
  const inputs = encoders.flatMap((encoder) => encoder.inputs);
  return {
    inputs,
    encode: (other) => {
      const places = encoders.map(({ column }) => columnAt(other, column));
      const values = new Float32Array(other.rows.length * inputs.length);
      other.rows.forEach((row, line) => {
        const cells = encoders.flatMap((encoder, which) => {
          const cell = row[places[which] as number] ?? encoder.filling;
          if (cell === null) throw emptyCell(other, line, encoder.column, nextStep);
          const encoded = encodeCell(cell, encoder.inputs);
          requireNumbers(encoded, other, line, encoder.column);
          return encoded;
        });
        values.set(cells, line * inputs.length);
      });
      return values;
    },
  };
};

/** The lines in which none of the columns is empty. */
export const dropEmpty = (table: Table, columns: readonly string[]): Table => {
  const places = columns.map((column) => columnAt(table, column));
  const rows = table.rows.filter((row) => places.every((at) => (row[at] ?? null) !== null));
  if (rows.length > 0) return { ...table, rows };
  throw new Failed(
    'dataInvalid',
    `Every line of ${table.file} has an empty cell, so none is left.`,
    'Leave the emptiest column out with "columns", or set "missing" to "mean".',
  );
};

/** The cells of a column that must not be empty. Throws `Failed` (dataInvalid). */
export const fullColumn = (table: Table, column: string): string[] => {
  const at = columnAt(table, column);
  return table.rows.map((row, line) => {
    const cell = row[at] ?? null;
    if (cell !== null) return cell;
    throw emptyCell(table, line, column, 'Fill the cell in, or set "missing" in the data section to "drop".');
  });
};

/** Numbers of a column. Throws `Failed` (dataInvalid) for a word. */
export const numberColumn = (table: Table, column: string): number[] =>
  fullColumn(table, column).map((cell, line) => {
    const value = cellNumber(cell);
    if (Number.isFinite(value)) return value;
    throw new Failed(
      'dataInvalid',
      `Line ${line + 2} of ${table.file} has "${cell}" in the column "${column}", which is no number.`,
      'Regression predicts numbers; for words set "task": "classification".',
    );
  });
