import { element } from '../shared/element';
import { icon } from '../shared/icons';
import { type Column, columns, isMetricColumn } from './columns';
import { type LayerCost, type LayerRow, type NetworkName, shapeOf, shapeWords, tapOf } from './layerRows';
import { type Metric, costOf, formatCost, knownCost, metricWords } from './metrics';
import { type Stage, stageWords } from './stages';

/** What the cells of one network are drawn from. */
export interface SideFacts {
  network: NetworkName;
  metric: Metric;
  /** The chosen metric of the whole network, and of its dearest row. */
  total: number;
  greatest: number;
}

export const sideFacts = (network: NetworkName, rows: readonly LayerRow[], metric: Metric): SideFacts => {
  const costs = rows.map((row) => knownCost(row.layers, metric));
  return {
    network,
    metric,
    total: costs.reduce((sum, cost) => sum + cost, 0),
    greatest: costs.reduce((most, cost) => Math.max(most, cost), 0),
  };
};

const cell = (column: Column | 'name', words: string, title = ''): HTMLElement =>
  element('span', { class: `cell ${column}`, role: 'gridcell', title }, words);

const sharePercent = (value: number, total: number): string => {
  const percent = total > 0 ? (100 * value) / total : 0;
  return `${percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1)} %`;
};

/** A metric's cell; the chosen metric's says the share too: of a layer as a bar, of a sum in percent. */
const costCell = (
  layers: readonly LayerCost[],
  column: Metric,
  { metric, total, greatest, network }: SideFacts,
  isSum: boolean,
): HTMLElement => {
  const isKnown = isSum ? layers.some((layer) => layer[column] !== null) : costOf(layers, column) !== null;
  const value = knownCost(layers, column);
  const made = cell(column, formatCost(isKnown ? value : null, column));
  made.classList.toggle('nothing', value === 0);
  if (column !== metric) return made;
  made.classList.add('chosen');
  if (isKnown) made.title = `${sharePercent(value, total)} of the ${network}’s ${metricWords[column].title}`;
  if (isSum) made.append(element('span', { class: 'sum-share' }, isKnown ? sharePercent(value, total) : ''));
  else made.append(shareBar(isKnown && greatest > 0 ? value / greatest : 0));
  return made;
};

const shareBar = (share: number): HTMLElement => {
  const fill = element('span', { class: 'fill' });
  fill.style.width = `${Math.min(100, 100 * share)}%`;
  fill.hidden = share === 0;
  return element('span', { class: 'bar', aria: { hidden: true } }, fill);
};

const cells = (
  layers: readonly LayerCost[],
  row: LayerRow | null,
  facts: SideFacts,
): (HTMLElement | null)[] =>
  columns.map((column) => {
    if (isMetricColumn(column)) return costCell(layers, column, facts, row === null);
    return row ? cell(column, tightShape(shapeOf(row))) : null;
  });

/** As `shapeWords`, with no room to spare. */
const tightShape = (shape: readonly number[]): string => shape.join('×') || '1';

const kindWords = ({ layers }: LayerRow): string => layers.map(({ kind }) => kind).join(' + ');

/** A layer in one sentence, for those who do not see its line. */
const described = (row: LayerRow): string => {
  const { layers } = row;
  const [first] = layers;
  const numbers = (['parameters', 'macs', 'latency', 'activation'] as const)
    .map((metric) => `${metricWords[metric].title} ${formatCost(costOf(layers, metric), metric)}`)
    .join(', ');
  return `${first.name}, ${kindWords(row)}, output ${shapeWords(shapeOf(row))}. ${numbers}`;
};

const emptySide = (network: NetworkName): HTMLElement =>
  element(
    'div',
    { class: 'side empty', role: 'none', data: { network } },
    element('span', { class: 'cell', role: 'gridcell' }),
  );

const longName = 9;
const tailLength = 6;

/** A long name gives way in its middle: layers of one block differ at the end. */
const nameWords = (name: string): HTMLElement[] => {
  const cut = name.length > longName ? name.length - tailLength : name.length;
  const head = element('span', { class: 'name-words' }, name.slice(0, cut));
  const tail = element('span', { class: 'name-tail' }, name.slice(cut));
  return [element('span', { class: 'name-both' }, head, tail)];
};

/** One network's part of a line of layers. */
export const layerSide = (row: LayerRow | null, facts: SideFacts, id: string): HTMLElement => {
  const { network } = facts;
  if (!row) return emptySide(network);
  const [first, ...folded] = row.layers;
  const code = row.layers.find((layer) => layer.code)?.code;
  const name = element(
    'span',
    { class: 'cell name', role: 'gridcell', id, tabIndex: -1, aria: { label: described(row) } },
    ...nameWords(first.name),
    element('span', { class: 'name-kind' }, first.kind),
    folded.length > 0 ? element('span', { class: 'folded' }, `+${folded.length}`) : null,
  );
  const names = row.layers.map((layer) => `${layer.name} (${layer.kind})`).join(', ');
  const side = element(
    'div',
    {
      class: 'side layer',
      role: 'none',
      title: code ? `${names} – Enter or double-click goes to ${code}` : names,
      data: { network, layer: first.name },
    },
    name,
    ...cells(row.layers, row, facts),
  );
  if (tapOf(row))
    side.append(element('span', { class: 'port', title: 'Drag to the layer to match it with' }));
  return side;
};

/** One network's part of the head of a band. */
export const stageSide = (
  stage: Stage | null,
  facts: SideFacts,
  id: string,
  isOpen: boolean,
): HTMLElement => {
  const { network } = facts;
  if (!stage) return emptySide(network);
  const layers = stage.rows.flatMap((row) => row.layers);
  const count = `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`;
  const words = stageWords(stage);
  const name = element(
    'span',
    {
      class: 'cell name',
      role: 'gridcell',
      id,
      tabIndex: -1,
      aria: { label: `Stage ${words}, ${count}, ${isOpen ? 'open' : 'closed'}` },
    },
    icon('right'),
    element('span', { class: 'name-words' }, words),
    element('span', { class: 'stage-count' }, count),
  );
  return element(
    'div',
    { class: 'side stage-side', role: 'none', data: { network } },
    name,
    ...cells(layers, null, facts),
  );
};

/** One network's part of the last line: the sums. */
export const totalSide = (layers: readonly LayerCost[] | null, facts: SideFacts): HTMLElement => {
  const { network } = facts;
  if (!layers) return emptySide(network);
  const name = element(
    'span',
    { class: 'cell name', role: 'gridcell' },
    element('span', { class: 'name-words' }, 'Total'),
  );
  return element(
    'div',
    { class: 'side total-side', role: 'none', data: { network } },
    name,
    ...cells(layers, null, facts),
  );
};

/** The column headings above one network's side. */
export const headSide = (network: NetworkName, isAlone: boolean): HTMLElement => {
  const heading = (column: Column | 'name', words: string, title = ''): HTMLElement =>
    element('span', { class: `cell ${column}`, role: 'columnheader', title }, words);
  return element(
    'div',
    { class: 'side head-side', role: 'none', data: { network } },
    heading('name', isAlone ? 'Layer' : network === 'teacher' ? 'Teacher' : 'Student'),
    ...columns.map((column) => {
      if (!isMetricColumn(column)) return heading(column, 'Output', 'Shape of the output');
      return heading(column, metricWords[column].heading, metricWords[column].explained);
    }),
  );
};
