import { type Metric, metrics } from './metrics';

/** What a layer's line may show beside its name. */
export type Column = 'shape' | Metric;
/** What is shown or left out: a column, or the kind behind the name. */
export type Part = Column | 'kind';
export const columns: readonly Column[] = ['shape', 'parameters', 'macs', 'latency', 'activation'];

const barWidth = 44;
const widths: Record<Part, number> = {
  kind: 0,
  shape: 82,
  parameters: 62,
  macs: 62,
  latency: 68,
  activation: 66,
};
/** Which columns come back first as a side grows, and what the name must keep before they do. */
const returning: readonly (readonly [Part, number])[] = [
  ['shape', 92],
  ['kind', 150],
  ['macs', 170],
  ['parameters', 170],
  ['latency', 170],
  ['activation', 170],
];

/** What fits a side of so many pixels; the chosen metric always does. */
export const partsFor = (sideWidth: number, chosen: Metric): Part[] => {
  let left = sideWidth - widths[chosen] - barWidth;
  const shown = new Set<Part>([chosen]);
  for (const [part, nameWidth] of returning) {
    if (shown.has(part)) continue;
    if (left - nameWidth < widths[part]) break;
    left -= widths[part];
    shown.add(part);
  }
  return [...shown];
};

export const isMetricColumn = (column: Column): column is Metric => metrics.includes(column as Metric);
