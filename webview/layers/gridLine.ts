import { element } from '../shared/element';
import { type SideFacts, layerSide, stageSide } from './gridSides';
import type { Line } from './lattice';
import type { NetworkName } from './layerRows';

export const cellId = (network: NetworkName, line: number): string => `${network}-line-${line}`;

/** One line of the grid, whose parts `sides` makes for each network that is shown. */
export const lineElement = (
  line: Line,
  at: number,
  sides: (make: (network: NetworkName) => HTMLElement) => (HTMLElement | null)[],
  facts: Record<NetworkName, SideFacts>,
): HTMLElement => {
  const isStage = line.kind === 'stage';
  return element(
    'div',
    {
      class: isStage ? `line stage${line.isOpen ? ' open' : ''}` : 'line layers',
      role: 'row',
      data: { line: String(at) },
      aria: { level: isStage ? 1 : 2, rowindex: at + 2, ...(isStage ? { expanded: line.isOpen } : {}) },
    },
    ...sides((network) => {
      const id = cellId(network, at);
      return isStage
        ? stageSide(line.band[network], facts[network], id, line.isOpen)
        : layerSide(line.row[network], facts[network], id);
    }),
  );
};
