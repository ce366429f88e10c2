import * as tf from '@tensorflow/tfjs';
import type { LayerProfile, Latency, ModelProfile } from '../contract/profile';
import type { BackendChoice } from '../contract/run';
import type { Execution } from '../models/execution';
import type { Network } from '../models/network';
import { openModel } from '../models/open';
import { withoutTape } from '../models/tape';
import { measureLatency } from './latency';
import { measureLayers } from './layerLatency';
import { peakMemory, type MemoryPeak } from './memory';
import { receptiveFields } from './receptiveField';
import { weightSizes } from './sizes';

/** A profile with what it was made from, for those who ask further. */
export interface Profiled {
  profile: ModelProfile;
  execution: Execution | null;
  peak: MemoryPeak;
}

const float32Bytes = 4;
const noPeak: MemoryPeak = { bytes: 0, step: -1, alive: [] };

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** By step: bytes of its outputs for one sample; a view's memory is its input's. */
const outputBytes = (execution: Execution, raw: tf.Tensor): number[] =>
  withoutTape(() =>
    tf.tidy(() =>
      execution
        .values(raw)
        .map((outputs) => outputs.reduce((sum, output) => sum + output.size * float32Bytes, 0)),
    ),
  );

const fieldsByLayer = (execution: Execution | null): Map<string, number | null> => {
  const fields = new Map<string, number | null>();
  if (!execution) return fields;
  receptiveFields(execution.steps).forEach((field, index) => {
    const layer = execution.steps[index]?.layer;
    if (typeof layer === 'string') fields.set(layer, field);
  });
  return fields;
};

const layerProfiles = (
  { info }: Network,
  latencies: ReadonlyMap<string, Latency>,
  fields: ReadonlyMap<string, number | null>,
): LayerProfile[] => {
  const sum = [...latencies.values()].reduce((total, { median }) => total + median, 0);
  return info.layers.map(({ name, kind, shape, parameters, macs }) => {
    const latency = latencies.get(name) ?? null;
    return {
      name,
      kind,
      shape,
      parameters,
      macs,
      activationBytes: Math.max(0, size(shape)) * float32Bytes,
      latency,
      share: latency && sum > 0 ? latency.median / sum : null,
      receptiveField: fields.get(name) ?? null,
    };
  });
};

/** Counts and measures an opened network, on one sample of noise in inference mode. */
export const profileNetwork = async (network: Network, backend: BackendChoice): Promise<Profiled> => {
  const execution = network.execution();
  const raw = tf.randomUniform([1, ...network.info.inputShape], 0, 1, 'float32', 'profile');
  try {
    const peak = execution ? peakMemory(execution, outputBytes(execution, raw)) : noPeak;
    const latency = await measureLatency(network);
    const latencies = execution ? await measureLayers(execution, raw, latency) : new Map<string, Latency>();
    const profile: ModelProfile = {
      model: network.info,
      layers: layerProfiles(network, latencies, fieldsByLayer(execution)),
      latency,
      sizes: weightSizes(network.info.parameters, execution?.weightArrays ?? 0),
      peakActivationBytes: peak.bytes,
      backend,
    };
    return { profile, execution, peak };
  } finally {
    raw.dispose();
  }
};

/** Opens a model, profiles it and lets it go. The backend must be chosen before. Throws what `openModel` throws. */
export const profileModel = async (reference: string, backend: BackendChoice): Promise<Profiled> => {
  const network = await openModel(reference, { input: {}, seed: 'profile' });
  try {
    return await profileNetwork(network, backend);
  } finally {
    network.dispose();
  }
};
