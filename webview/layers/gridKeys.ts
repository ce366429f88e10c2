import { type Lattice, type Line, hasSide, nearestLine, nextLine } from './lattice';
import type { LayerGridEvents } from './gridEvents';
import { type NetworkName, otherNetwork } from './layerRows';
import type { Link } from './pairLinks';

/** Where a key was pressed, and what it may do. */
export interface GridPlace {
  network: NetworkName;
  at: number;
  line: Line;
  lattice: Lattice;
  pairs: readonly Link[];
  isAlone: boolean;
  isPairing: boolean;
  events: LayerGridEvents;
  moveTo(network: NetworkName, line: number): void;
}

const pageLines = 10;

/** Acts on a key in the grid; false for one that means nothing there. */
export const gridKey = (event: KeyboardEvent, place: GridPlace): boolean => {
  if (event.altKey || event.metaKey) return false;
  const to = destination(event.key, event.ctrlKey, place);
  if (to) {
    place.moveTo(to.network, to.line);
    return true;
  }
  return !event.ctrlKey && act(event.key, place);
};

const destination = (
  key: string,
  ctrl: boolean,
  place: GridPlace,
): { network: NetworkName; line: number } | null => {
  const { network, at, lattice, isAlone } = place;
  const along = (line: number | null) => (line === null ? null : { network, line });
  const last = lattice.lines.length - 1;
  switch (key) {
    case 'ArrowDown':
      return along(nextLine(lattice, network, at, 1));
    case 'ArrowUp':
      return along(nextLine(lattice, network, at, -1));
    case 'PageDown':
      return along(nearestLine(lattice, network, Math.min(at + pageLines, last)));
    case 'PageUp':
      return along(nearestLine(lattice, network, Math.max(at - pageLines, 0)));
    case 'Home':
      return along(nearestLine(lattice, network, 0));
    case 'End':
      return along(nearestLine(lattice, network, last));
    case 'ArrowLeft':
    case 'ArrowRight':
      return isAlone || ctrl || (key === 'ArrowRight') !== (network === 'teacher') ? null : across(place);
    default:
      return null;
  }
};

/** To the partner where the layer has one, else straight across. */
const across = ({ network, at, line, lattice, pairs }: GridPlace) => {
  const other = otherNetwork(network);
  const names = line.kind === 'layers' ? (line.row[network]?.layers.map(({ name }) => name) ?? []) : [];
  const partner = pairs.find((pair) => names.includes(pair[network]))?.[other];
  const partnerLine = partner === undefined ? undefined : lattice.lineOf[other].get(partner);
  const to = partnerLine ? lattice.lines.indexOf(partnerLine) : nearestLine(lattice, other, at);
  return to === null || to < 0 ? null : { network: other, line: to };
};

const act = (key: string, { network, line, isPairing, events }: GridPlace): boolean => {
  const isStage = line.kind === 'stage';
  const layer = isStage ? undefined : line.row[network]?.layers[0].name;
  if (key === '/') events.search();
  else if (key === 'Escape' && isPairing) events.cancelPair();
  else if (isStage && (key === 'Enter' || key === ' ') && hasSide(line, network))
    events.toggleStage(line.index);
  else if (layer === undefined) return false;
  else if (key === 'Enter') events.reveal(network, layer);
  else if (key === ' ') events.choose(network, layer);
  else if (key === 'p') events.pairAt(network, layer);
  else if (key === 'Delete' || key === 'Backspace') events.removePair();
  else return false;
  return true;
};
