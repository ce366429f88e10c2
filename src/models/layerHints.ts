import type { LayerInfo, ModelInfo } from '../../engine/contract/model';
import type { LayerProfile } from '../../engine/contract/profile';
import { formatBytes, formatCount, formatPercent } from '../quantity';
import { isSameFile } from './layerAt';

/** A model as the engine described it, and the text of one file that makes layers of it, as it was then. */
export interface HintedModel {
  info: ModelInfo;
  /** Its layers' costs, in their order, where it was measured. */
  costs: readonly LayerProfile[] | null;
  lines: readonly string[];
}

/** What is said at the end of a line. */
export interface LayerHint {
  /** Zero-based. */
  line: number;
  label: string;
  /** Markdown. */
  details: string;
}

interface Made {
  layer: LayerInfo;
  cost: LayerProfile | null;
}

/** Where a line of `before` stands in `after`: null where the text around it was changed. */
export const movedLine = (
  before: readonly string[],
  after: readonly string[],
  first: number,
  last: number,
): number | null => {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  if (last < head) return last;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return first >= before.length - tail ? last + after.length - before.length : null;
};

const shapeText = (shape: readonly number[]): string =>
  shape.map((length) => (length < 0 ? '?' : length)).join('×');

const sum = (made: readonly Made[], of: (one: Made) => number): number =>
  made.reduce((total, one) => total + of(one), 0);

const isUncounted = ({ uncounted = [] }: ModelInfo, name: string): boolean =>
  uncounted.some((one) => one === name || one.startsWith(`${name}/`));

const shareOf = (made: readonly Made[]): number | null =>
  made.every(({ cost }) => cost === null || cost.share === null)
    ? null
    : sum(made, ({ cost }) => cost?.share ?? 0);

const labelOf = (info: ModelInfo, made: readonly Made[]): string => {
  const [first] = made;
  const parameters = sum(made, ({ layer }) => layer.parameters);
  const macs = sum(made, ({ layer }) => layer.macs);
  const isUnknown = made.some(({ layer }) => isUncounted(info, layer.name));
  const share = shareOf(made);
  return [
    made.length === 1 && first ? shapeText(first.layer.shape) : `${made.length} layers`,
    ...(parameters > 0 ? [`${formatCount(parameters)} parameters`] : []),
    ...(isUnknown ? ['MACs unknown'] : macs > 0 ? [`${formatCount(macs)} MACs`] : []),
    ...(share === null ? [] : [`${formatPercent(share)} of the time`]),
  ].join(' · ');
};

const header = ['Layer', 'Kind', 'Output', 'Parameters', 'MACs', 'Activations', 'Time', 'Sees'];

const cells = (info: ModelInfo, { layer, cost }: Made): string[] => [
  layer.name,
  layer.kind,
  shapeText(layer.shape),
  layer.parameters.toLocaleString('en-US'),
  isUncounted(info, layer.name) ? 'unknown' : layer.macs.toLocaleString('en-US'),
  cost ? formatBytes(cost.activationBytes) : '',
  cost?.latency ? `${cost.latency.median.toFixed(2)} ± ${cost.latency.spread.toFixed(2)} ms` : '',
  cost ? (cost.receptiveField === null ? 'all' : `${cost.receptiveField} px`) : '',
];

const row = (texts: readonly string[]): string =>
  `| ${texts.map((text) => text.replace(/[\\|*_`<>[\]]/g, '\\$&')).join(' | ')} |`;

const detailsOf = (info: ModelInfo, made: readonly Made[]): string =>
  [
    row([info.name]).slice(2, -2),
    '',
    row(header),
    `|${header.map(() => '---').join('|')}|`,
    ...made.map((one) => row(cells(info, one))),
  ].join('\n');

/** The layers of one model that are made in lines which the text still has, by the line that their definition ends in. */
const madeByLine = (
  { info, costs, lines }: HintedModel,
  file: string,
  text: readonly string[],
): Map<number, Made[]> => {
  const byLine = new Map<number, Made[]>();
  info.layers.forEach((layer, index) => {
    const { location } = layer;
    if (!location || layer.kind === 'InputLayer' || !isSameFile(location.file, file)) return;
    const line = movedLine(lines, text, location.line, location.endLine);
    if (line === null) return;
    byLine.set(line, [...(byLine.get(line) ?? []), { layer, cost: costs?.[index] ?? null }]);
  });
  return byLine;
};

/** Hints for a file; where several models make layers in one line, the last of `models` speaks. */
export const layerHints = (
  models: readonly HintedModel[],
  file: string,
  text: readonly string[],
): LayerHint[] => {
  const hints = new Map<number, LayerHint>();
  for (const model of models)
    for (const [line, made] of madeByLine(model, file, text)) {
      const { info } = model;
      hints.set(line, { line, label: labelOf(info, made), details: detailsOf(info, made) });
    }
  return [...hints.values()].sort((one, other) => one.line - other.line);
};
