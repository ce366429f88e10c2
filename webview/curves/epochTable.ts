import type { RunView } from './runStore';
import { chartOf, chartRank, hiddenKey } from './chartPlan';

/** What one stage of one run had reached at the end of an epoch. */
export interface EpochRow {
  run: string;
  stage: string;
  epoch: number;
  /** The last number of each metric within the epoch. */
  values: ReadonlyMap<string, number | null>;
}

export interface EpochTable {
  metrics: string[];
  rows: EpochRow[];
}

export interface Sorting {
  /** `run`, `stage`, `epoch`, or a metric. */
  column: string;
  descending: boolean;
}

/** The curves as rows, for those who read rather than look. */
export const epochTable = (runs: readonly RunView[], hidden: ReadonlySet<string>): EpochTable => {
  const rows = new Map<string, EpochRow & { values: Map<string, number | null> }>();
  const metrics = new Set<string>();
  for (const run of runs)
    for (const curve of run.curves.values()) {
      if (hidden.has(hiddenKey(run.id, curve.stage))) continue;
      metrics.add(curve.metric);
      for (const [index, epoch] of curve.epochs.entries()) {
        const key = `${run.id} ${curve.stage} ${epoch}`;
        const row = rows.get(key) ?? { run: run.name, stage: curve.stage, epoch, values: new Map() };
        rows.set(key, row);
        row.values.set(curve.metric, curve.values[index] ?? null);
      }
    }
  const ordered = [...metrics].sort((one, other) => chartRank(chartOf(one)) - chartRank(chartOf(other)));
  return { metrics: ordered, rows: [...rows.values()] };
};

/** Rows without the value come last, whichever way it is sorted. */
export const sortRows = (rows: readonly EpochRow[], { column, descending }: Sorting): EpochRow[] => {
  const direction = descending ? -1 : 1;
  return [...rows].sort((one, other) => {
    const left = cell(one, column);
    const right = cell(other, column);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === 'string' || typeof right === 'string')
      return direction * String(left).localeCompare(String(right));
    return direction * (left - right);
  });
};

const cell = (row: EpochRow, column: string): string | number | null => {
  if (column === 'run' || column === 'stage' || column === 'epoch') return row[column];
  return row.values.get(column) ?? null;
};
