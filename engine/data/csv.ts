import { CsvError, parse } from 'csv-parse/sync';
import { Failed } from '../contract/failure';

/** A table as its file holds it: every cell a text, null where it says that nothing is known. */
export interface Table {
  file: string;
  columns: string[];
  rows: (string | null)[][];
}

const separators = [',', ';', '\t', '|'] as const;
/** What cells hold that say that a value is missing. */
const missingWords = new Set(['', 'na', 'n/a', '#n/a', 'nan', 'null', 'none', '?', '-']);

const invalid = (file: string, detail: string, next: string): Failed =>
  new Failed('dataInvalid', `${file} ${detail}.`, next);

const guessSeparator = (text: string): string => {
  const line = text.split(/\r?\n/, 1)[0]?.replace(/"[^"]*"/g, '') ?? '';
  const counts = separators.map((separator) => line.split(separator).length);
  return separators[counts.indexOf(Math.max(...counts))] ?? ',';
};

const parseRows = (text: string, file: string, separator: string): string[][] => {
  try {
    return parse(text, { delimiter: separator, bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const detail = error.message.replace(/\s+/g, ' ').replace(/[,.]?\s*$/, '');
    throw invalid(
      file,
      `cannot be read as a table: ${detail}`,
      'Give every line as many cells as the first has names, and put quotes around cells that hold the separator.',
    );
  }
};

/**
 * Parses a table with a line of column names (RFC 4180; also with ; tab or | between cells, a byte order mark, quoted
 * cells). Throws `Failed` (dataInvalid).
 */
export const parseTable = (text: string, file: string, separator?: string): Table => {
  const [columns, ...lines] = parseRows(text, file, separator ?? guessSeparator(text.replace(/^\uFEFF/, '')));
  if (!columns || lines.length === 0)
    throw invalid(
      file,
      columns ? 'has column names and no line below them' : 'is empty',
      'Give a table with a line of column names and a line for each sample.',
    );
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(file, `has two columns named "${twice}"`, 'Give every column a name of its own.');
  const rows = lines.map((line) => line.map((cell) => (missingWords.has(cell.toLowerCase()) ? null : cell)));
  return { file, columns, rows };
};

/** A number as a cell spells it, `3,5` too where another separator leaves the comma free; NaN for a word. */
export const cellNumber = (cell: string): number =>
  /^[-+]?\d+,\d+$/.test(cell) ? Number(cell.replace(',', '.')) : Number(cell);

/** Where a column stands. Throws `Failed` (recipeInvalid) that lists the columns there are. */
export const columnAt = ({ columns, file }: Table, name: string): number => {
  const at = columns.indexOf(name);
  if (at >= 0) return at;
  throw new Failed(
    'recipeInvalid',
    `${file} has no column "${name}".`,
    `Choose among: ${columns.slice(0, 20).join(', ')}.`,
  );
};
