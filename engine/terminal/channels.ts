import { resolve } from 'node:path';
import { useBackend } from '../backend/choose';
import type { Recipe } from '../contract/recipe';
import { openModel } from '../models/open';
import { deadChannels, type DeadChannels } from '../profile/deadChannels';

const line = (width: number, { layer, channels, of }: DeadChannels): string => {
  const named = channels.length > 0 ? `: ${channels.join(', ')}` : '';
  return `${layer.padEnd(width)}${channels.length} of ${of}${named}`;
};

const format = (layers: readonly DeadChannels[], threshold: number): string => {
  if (layers.length === 0) return 'The model has no batch normalisation with scales.';
  const width = Math.max(...layers.map(({ layer }) => layer.length)) + 2;
  return [`channels whose scale is below ${threshold}`, ...layers.map((one) => line(width, one))].join('\n');
};

/** The channels of a model file or `file#export` that its normalisations have turned off. */
export const describeChannels = async (model: string, threshold: number, backend: Recipe['backend']) => {
  await useBackend(backend);
  const network = await openModel(resolve(model), { input: {}, seed: 'inspect' });
  try {
    const layers = deadChannels(network, threshold);
    return { value: { threshold, layers }, text: format(layers, threshold) };
  } finally {
    network.dispose();
  }
};
