import * as tf from '@tensorflow/tfjs';
import type { LayerProfile, Latency, ModelProfile } from '../contract/profile';
import type { BackendChoice } from '../contract/run';
import type { Execution } from '../models/execution';
import type { Network } from '../models/network';
import { openStarted } from '../models/startWeights';
import { withoutTape } from '../models/tape';
import { measureLatency } from './latency';
import { measureLayers } from './layerLatency';
import { peakMemory } from './memory';
import { receptiveFields } from './receptiveField';
import { weightSizes } from './sizes';

/** A profile with what it was made from, for those who ask further. */
export interface Profiled {
  profile: ModelProfile;
  execution: Execution | null;
  /** By step: bytes of its outputs as float32, and channels of the first. */
  bytes: readonly number[];
  channels: readonly number[];
}

const float32Bytes = 4;

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** By step, the shapes of its outputs. */
const outputShapes = (execution: Execution, raw: tf.Tensor): number[][][] => {
  const shapes: number[][][] = [];
  withoutTape(() =>
    tf.tidy(() => {
      for (const outputs of execution.values(raw)) shapes.push(outputs.map(({ shape }) => shape));
    }),
  );
  return shapes;
};

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

const measured = async (
  network: Network,
  raw: tf.Tensor,
): Promise<{ latency: Latency; execution: Execution | null; latencies: ReadonlyMap<string, Latency> }> => {
  const latency = await measureLatency(network);
  const execution = network.execution();
  return {
    latency,
    execution,
    latencies: execution ? await measureLayers(execution, raw, latency) : new Map(),
  };
};

/** Counts and measures an opened network, on one sample of noise in inference mode. */
export const profileNetwork = async (network: Network, backend: BackendChoice): Promise<Profiled> => {
  const raw = tf.randomUniform([1, ...network.info.inputShape], 0, 1, 'float32', 'profile');
  try {
    const { latency, execution, latencies } = await measured(network, raw);
    const shapes = execution ? outputShapes(execution, raw) : [];
    const bytes = shapes.map((outputs) =>
      outputs.reduce((sum, shape) => sum + size(shape) * float32Bytes, 0),
    );
    const profile: ModelProfile = {
      model: network.info,
      layers: layerProfiles(network, latencies, fieldsByLayer(execution)),
      latency,
      sizes: weightSizes(network.info.parameters, execution?.weightArrays ?? 0),
      peakActivationBytes: execution ? peakMemory(execution, bytes) : 0,
      backend,
    };
    return { profile, execution, bytes, channels: shapes.map(([shape]) => shape?.at(-1) ?? 1) };
  } finally {
    raw.dispose();
  }
};

/** Opens a model, profiles it and lets it go. The backend must be chosen before. Throws what `openModel` throws. */
export const profileModel = async (
  reference: string,
  backend: BackendChoice,
  weights: string | null = null,
): Promise<Profiled> => {
  const network = await openStarted(reference, { input: {}, seed: 'profile', weights });
  try {
    return await profileNetwork(network, backend);
  } finally {
    network.dispose();
  }
};
