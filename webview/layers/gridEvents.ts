import type { NetworkName } from './layerRows';

/** What the grid tells the page. */
export interface LayerGridEvents {
  /** The keyboard or the pointer chose a layer. */
  choose(network: NetworkName, layer: string): void;
  reveal(network: NetworkName, layer: string): void;
  toggleStage(index: number): void;
  choosePair(key: string): void;
  removePair(): void;
  /** Starts a pair at a layer, or finishes the one that was started on the other side. */
  pairAt(network: NetworkName, layer: string): void;
  cancelPair(): void;
  search(): void;
}
