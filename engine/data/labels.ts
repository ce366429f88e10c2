import { Failed } from '../contract/failure';
import type { StoredArray } from './idx';

const invalid = (file: string, detail: string, next: string): Failed =>
  new Failed('dataInvalid', `The labels in ${file} ${detail}.`, next);

/** Where a one-hot row has its one; -1 where it has none, or anything beside it. */
const hotColumn = (row: Uint8Array | Float32Array): number => {
  const column = row.indexOf(1);
  return column >= 0 && row.every((value, index) => value === (index === column ? 1 : 0)) ? column : -1;
};

const fromOneHot = ({ values }: StoredArray, columns: number, file: string): Int32Array =>
  Int32Array.from({ length: values.length / columns }, (_, sample) => {
    const column = hotColumn(values.subarray(sample * columns, (sample + 1) * columns));
    if (column >= 0) return column;
    throw invalid(
      file,
      `are rows of ${columns} numbers, and row ${sample} is not one-hot`,
      'Give class numbers, or rows with a single 1 and zeros elsewhere.',
    );
  });

/** Class numbers of [samples], [samples, 1] or one-hot [samples, classes]. Throws `Failed` (dataInvalid). */
export const readLabels = (stored: StoredArray, file: string): Int32Array => {
  const [samples, columns = 1, ...rest] = stored.shape;
  if (samples === undefined || rest.length > 0) {
    throw invalid(
      file,
      `have the shape ${stored.shape.join(' x ') || 'of a single number'}`,
      'Give one class number, or one one-hot row, for every sample.',
    );
  }
  if (columns > 1) return fromOneHot(stored, columns, file);
  const { values } = stored;
  const wrong = values.findIndex((label) => !Number.isInteger(label) || label < 0);
  if (wrong >= 0) {
    throw invalid(
      file,
      `say ${values[wrong]} for sample ${wrong}, which is no class number`,
      'Number the classes 0, 1, 2 and so on.',
    );
  }
  return Int32Array.from(values);
};

/** Highest class number plus one. */
export const countClasses = (...labels: readonly Int32Array[]): number =>
  labels.reduce((most, some) => some.reduce((highest, label) => Math.max(highest, label + 1), most), 0);
