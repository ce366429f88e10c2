/** One column of a table, as far as its first lines tell. */
export interface TableColumn {
  name: string;
  kind: 'numbers' | 'words' | 'pictures';
  /** How many different cells the first lines hold. */
  values: number;
}

const separators = [',', ';', '\t', '|'];
const manyValues = 10;

/** The cells of one line; quotes may stand around a cell. */
const cellsOf = (line: string, separator: string): string[] =>
  [...line.matchAll(new RegExp(`(?:^|\\${separator})(?:"((?:[^"]|"")*)"|([^\\${separator}]*))`, 'g'))].map(
    ([, quoted, plain]) => (quoted === undefined ? (plain ?? '').trim() : quoted.replaceAll('""', '"')),
  );

const kindOf = (cells: readonly string[]): TableColumn['kind'] => {
  const known = cells.filter((cell) => cell !== '');
  if (known.length > 0 && known.every((cell) => /\.(png|jpe?g)$/i.test(cell))) return 'pictures';
  return known.length > 0 && known.every((cell) => Number.isFinite(Number(cell.replace(',', '.'))))
    ? 'numbers'
    : 'words';
};

/** The columns of a table from its first lines; none for a text that is no table. */
export const readColumns = (head: string): TableColumn[] => {
  const lines = head.replace(/^\uFEFF/, '').split(/\r?\n/);
  const whole = lines.slice(0, lines.length > 2 ? -1 : undefined).filter((line) => line.trim() !== '');
  const [first = ''] = whole;
  const counts = separators.map((separator) => cellsOf(first, separator).length);
  const separator = separators[counts.indexOf(Math.max(...counts))] ?? ',';
  const names = cellsOf(first, separator);
  const rows = whole.slice(1).map((line) => cellsOf(line, separator));
  if (names.length < 2 || rows.length === 0 || names.some((name) => name === '')) return [];
  return names.map((name, at) => {
    const cells = rows.map((row) => row[at] ?? '');
    return { name, kind: kindOf(cells), values: new Set(cells).size };
  });
};

/** Numbers that take many values are predicted as such; words, and numbers that take few, are classes. */
export const taskOf = ({ kind, values }: TableColumn): 'regression' | 'classification' =>
  kind === 'numbers' && values > manyValues ? 'regression' : 'classification';
