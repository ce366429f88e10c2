import type { Network } from '../models/network';

/** Channels of one normalisation that say next to nothing. */
export interface DeadChannels {
  layer: string;
  /** Their numbers, from 0. */
  channels: number[];
  /** Of how many. */
  of: number;
}

/**
 * The channels of every batch normalisation whose scale |γ| is below `threshold`: what the layer puts out there hardly
 * depends on its input. Wang et al., Deep Multimodal Fusion by Channel Exchanging (NeurIPS 2020), section 3.2, takes such
 * channels from another network; here they tell what could be pruned. Layers without scales are left out.
 */
export const deadChannels = (network: Network, threshold: number): DeadChannels[] => {
  const kinds = new Map(network.info.layers.map(({ name, kind }) => [name, kind]));
  return [...network.trainable].flatMap(([name, variable]): DeadChannels[] => {
    const layer = /^(.*)\/gamma$/.exec(name)?.[1];
    if (layer === undefined || kinds.get(layer) !== 'BatchNormalization') return [];
    const scales = [...variable.dataSync<'float32'>()];
    const channels = scales.flatMap((scale, channel) => (Math.abs(scale) < threshold ? [channel] : []));
    return [{ layer, channels, of: scales.length }];
  });
};
