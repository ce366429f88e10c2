import type { LayerInfo, ModelInfo } from '../contract/model';
import type { Candidate } from '../contract/profile';
import { hiddenEnds, penultimateTap, stageOrBlockEnds } from './stages';

/** How much of a network's work is done after each layer, from 0 to 1: by MACs, or by layers where none are known. */
const depths = (info: ModelInfo): Map<string, number> => {
  const layers = info.layers.filter((layer) => layer.kind !== 'InputLayer');
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  const work = (layer: LayerInfo): number => (macs > 0 ? layer.macs / macs : 1 / layers.length);
  const found = new Map<string, number>();
  let done = 0;
  for (const layer of layers) {
    done += work(layer);
    found.set(layer.name, Math.min(1, done));
  }
  return found;
};

/**
 * Where a network may be matched, shallowest first: the ends of its stages (of blocks, where all maps have one size; of
 * hidden layers, where there are no maps), the features before the head, and the logits.
 */
export const candidatesOf = (info: ModelInfo): Candidate[] => {
  const depth = depths(info);
  const maps = stageOrBlockEnds(info);
  const ends = maps.length > 0 ? maps : hiddenEnds(info);
  const features = penultimateTap(info);
  const of = ({ name, shape }: LayerInfo, role: Candidate['role']): Candidate => ({
    tap: name,
    shape: [...shape],
    depth: depth.get(name) ?? 1,
    role,
  });
  return [
    ...ends.map((layer) => of(layer, 'stage')),
    ...(features && !ends.includes(features) ? [of(features, 'features')] : []),
    { tap: 'logits', shape: [...info.outputShape], depth: 1, role: 'logits' },
  ];
};
