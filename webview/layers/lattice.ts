import type { ModelInfo } from '../../engine/contract/model';
import { type AlignedRow, alignRows } from './alignment';
import { type LayerRow, type NetworkName, networkNames } from './layerRows';
import { type Band, bandsOf, inputSideOf, stagesOf } from './stages';

export const rowHeight = 24;
export const stageHeight = 28;

/** One line of the page's grid: the head of a band of stages, or a row of layers. */
export type Line =
  | { kind: 'stage'; band: Band; index: number; isOpen: boolean; y: number }
  | { kind: 'layers'; row: AlignedRow; stage: number; y: number };

/** Both networks laid out on common lines. */
export interface Lattice {
  lines: Line[];
  height: number;
  /** Which line shows a layer; a collapsed stage stands for its layers. */
  lineOf: Record<NetworkName, ReadonlyMap<string, Line>>;
}

export interface LatticeOptions {
  /** Indices of the bands whose rows are hidden. */
  collapsed: ReadonlySet<number>;
  /** Words that a layer's name or kind must hold; with any, only such rows are shown. */
  filter: string;
}

/** The bands of two networks; of one alone where there is no teacher. */
export const bandsFor = (
  teacher: { model: ModelInfo; rows: readonly LayerRow[] } | null,
  student: { model: ModelInfo; rows: readonly LayerRow[] },
): Band[] => {
  const cut = ({ model, rows }: typeof student) => stagesOf(rows, inputSideOf(model.inputShape));
  return bandsOf(teacher ? cut(teacher) : [], cut(student));
};

const matches = (row: LayerRow | null, words: readonly string[]): boolean =>
  row !== null &&
  row.layers.some((layer) => {
    const text = `${layer.name} ${layer.kind}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });

export const layOut = (bands: readonly Band[], { collapsed, filter }: LatticeOptions): Lattice => {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const lines: Line[] = [];
  const lineOf = { teacher: new Map<string, Line>(), student: new Map<string, Line>() };
  let y = 0;
  const put = (line: Line, height: number): void => {
    lines.push(line);
    y += height;
  };
  bands.forEach((band, index) => {
    const all = alignRows(band.teacher?.rows ?? [], band.student?.rows ?? []);
    const rows = all.filter((row) => networkNames.some((network) => matches(row[network], words)));
    if (rows.length === 0) return;
    const isOpen = words.length > 0 || !collapsed.has(index);
    const head: Line = { kind: 'stage', band, index, isOpen, y };
    put(head, stageHeight);
    for (const row of rows) {
      const line: Line = isOpen ? { kind: 'layers', row, stage: index, y } : head;
      for (const network of networkNames)
        for (const layer of row[network]?.layers ?? []) lineOf[network].set(layer.name, line);
      if (isOpen) put(line, rowHeight);
    }
  });
  return { lines, height: y, lineOf };
};

/** Where a curve meets a line: its middle. */
export const middleOf = (line: Line): number =>
  line.y + (line.kind === 'stage' ? stageHeight : rowHeight) / 2;

/** The next line at which a network has something, from `from` in steps of `step`; null past the ends. */
export const nextLine = (
  { lines }: Lattice,
  network: NetworkName,
  from: number,
  step: 1 | -1,
): number | null => {
  for (let at = from + step; at >= 0 && at < lines.length; at += step) {
    const line = lines[at];
    if (line && hasSide(line, network)) return at;
  }
  return null;
};

/** Stage heads serve both sides. */
export const hasSide = (line: Line, network: NetworkName): boolean =>
  line.kind === 'stage' ? line.band[network] !== null : line.row[network] !== null;

/** The line of the other side that lies nearest to `at`. */
export const nearestLine = (lattice: Lattice, network: NetworkName, at: number): number | null => {
  const here = lattice.lines[at];
  if (here && hasSide(here, network)) return at;
  const [above, below] = [nextLine(lattice, network, at, -1), nextLine(lattice, network, at, 1)];
  if (above === null || below === null) return above ?? below;
  return at - above <= below - at ? above : below;
};
