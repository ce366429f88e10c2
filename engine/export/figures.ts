import type { ModelFigures } from '../contract/run';
import type { Network } from '../models/network';
import { measureLatency } from '../profile/latency';

/** How good, how large and how fast a network is. Latency is measured here, on the backend in use. */
export const measureFigures = async (
  name: string,
  network: Network,
  metrics: Record<string, number>,
): Promise<ModelFigures> => {
  const { parameters, macs } = network.info;
  const latency = await measureLatency(network);
  return { name, parameters, macs, bytes: 4 * parameters, latency, metrics };
};
