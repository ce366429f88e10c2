import { button, setDisabled } from '../shared/controls';
import { element, fill } from '../shared/element';
import { formatBytes } from '../shared/format';
import { type LayerCost, type LayerRow, type NetworkName, shapeWords, tapOf } from './layerRows';
import { type Metric, costOf, formatCost, formatMilliseconds, metricWords } from './metrics';

export interface LayerDetailsEvents {
  reveal(network: NetworkName, layer: string): void;
  pairAt(network: NetworkName, layer: string): void;
}

/** All that is known of the chosen layer. */
export class LayerDetails {
  readonly root = element('section', { class: 'details', hidden: true, aria: { label: 'Chosen layer' } });

  constructor(private readonly events: LayerDetailsEvents) {}

  /** `row` holds the layer, perhaps with others that are folded into its line. */
  draw(chosen: { network: NetworkName; layer: LayerCost; row: LayerRow } | null, canPair: boolean): void {
    this.root.hidden = chosen === null;
    if (!chosen) return;
    const { network, layer, row } = chosen;
    const go = button('Go to code', { icon: 'code', press: () => this.events.reveal(network, layer.name) });
    go.title = layer.code ?? 'No line of code makes this layer';
    setDisabled(go, layer.code === null);
    const pair = button('Pair…', { icon: 'link', press: () => this.events.pairAt(network, layer.name) });
    pair.title = 'Then choose the layer of the other network (p)';
    setDisabled(pair, !tapOf(row));
    fill(
      this.root,
      element(
        'header',
        { class: 'details-head' },
        element(
          'h3',
          {},
          element('span', { class: `model-role ${network}` }, roleWords(network)),
          layer.name,
        ),
        element('span', { class: 'details-kind' }, layer.kind),
      ),
      element('dl', { class: 'facts' }, ...facts(layer)),
      row.layers.length > 1 ? foldedLine(row) : null,
      element('div', { class: 'details-tools' }, go, canPair ? pair : null),
    );
  }
}

const roleWords = (network: NetworkName): string => (network === 'teacher' ? 'Teacher' : 'Student');

const facts = (layer: LayerCost): HTMLElement[] => {
  const cost = (metric: Metric): [string, string] => [
    metricWords[metric].title,
    formatCost(costOf([layer], metric), metric),
  ];
  const spread = layer.spread === null ? '' : ` ± ${formatMilliseconds(layer.spread)}`;
  const latency =
    layer.latency === null ? 'not run by itself' : `${formatMilliseconds(layer.latency)}${spread}`;
  const lines: [string, string][] = [
    ['Output', shapeWords(layer.shape)],
    cost('parameters'),
    cost('macs'),
    ['Latency', latency],
    ['Activation', formatBytes(layer.activation)],
    ['Sees', layer.receptiveField === null ? 'everything' : `${layer.receptiveField} px of the input`],
  ];
  return lines.map(([term, words]) => element('div', {}, element('dt', {}, term), element('dd', {}, words)));
};

const foldedLine = (row: LayerRow): HTMLElement =>
  element('p', { class: 'details-folded' }, `Folded: ${row.layers.map(({ name }) => name).join(' → ')}`);
