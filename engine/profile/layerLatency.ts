import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { Latency } from '../contract/profile';
import type { Execution, ExecutionStep } from '../models/execution';
import { withoutTape } from '../models/tape';
import { latencyOf, repeated, type Patience } from './latency';

const patience: Patience = { warmUps: 2, fewest: 5, most: 50, enoughMs: 1200, mostMs: 4000 };

/** Waits for a device that computes on its own; elsewhere an operation ends before its call does. */
const settled = async (outputs: readonly tf.Tensor[]): Promise<void> => {
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  const [output] = outputs;
  if (!isUsingGpuDevice || !output) return;
  const one = tf.tidy(() => output.flatten().slice(0, 1));
  await one.data();
  one.dispose();
};

const timeStep = async (run: NonNullable<ExecutionStep['run']>, inputs: tf.Tensor[]): Promise<number> => {
  const begin = performance.now();
  const outputs = withoutTape(() => run(inputs));
  await settled(outputs);
  const time = performance.now() - begin;
  for (const output of outputs) if (!inputs.includes(output)) output.dispose();
  return time;
};

/** One time for each layer: what its steps take together, each on the inputs that it has in a pass. */
const sweep = async (
  steps: Execution['steps'],
  values: readonly (readonly tf.Tensor[])[],
): Promise<Map<string, number>> => {
  const times = new Map<string, number>();
  for (const { layer, run, inputs } of steps) {
    if (layer === null || run === null) continue;
    const given = inputs.map(({ step, output }) => values[step]?.[output] as tf.Tensor);
    times.set(layer, (times.get(layer) ?? 0) + (await timeStep(run, given)));
  }
  return times;
};

type Times = Map<string, number[]>;

const add = (times: Times, layer: string | null, own: readonly number[]): void => {
  if (layer === null || own.length === 0) return;
  const known = times.get(layer);
  times.set(layer, known ? own.map((time, pass) => time + (known[pass] ?? 0)) : [...own]);
};

/** By layer, over several sweeps: so that no layer finds its weights in a cache that it would not find them in. */
const sweeps = async (execution: Execution, raw: tf.Tensor): Promise<Times> => {
  const values = withoutTape(() => tf.tidy(() => execution.values(raw)));
  try {
    const times: Times = new Map();
    for (const pass of await repeated(() => sweep(execution.steps, values), patience))
      for (const [layer, time] of pass) times.set(layer, [...(times.get(layer) ?? []), time]);
    return times;
  } finally {
    for (const tensor of new Set(values.flat())) if (tensor !== raw) tensor.dispose();
  }
};

/** By layer, as the program that runs the whole tells it. */
const told = (execution: Execution, raw: tf.Tensor, whole: Latency): Times => {
  const { warmUps, fewest, most, enoughMs } = patience;
  const passes = Math.min(most, Math.max(fewest, Math.floor(enoughMs / Math.max(whole.median, 1))));
  const all = execution.times?.(raw, warmUps + passes) ?? [];
  const times: Times = new Map();
  execution.steps.forEach(({ layer }, step) => add(times, layer, all[step]?.slice(warmUps) ?? []));
  return times;
};

/**
 * Times every layer by itself, on what it gets in a pass over `raw` [1, …inputShape], in inference mode: five to
 * fifty times, within about a second, less often in a slow network. `whole`: what a pass takes.
 */
export const measureLayers = async (
  execution: Execution,
  raw: tf.Tensor,
  whole: Latency,
): Promise<ReadonlyMap<string, Latency>> => {
  const times = execution.times ? told(execution, raw, whole) : await sweeps(execution, raw);
  return new Map([...times].map(([layer, all]) => [layer, latencyOf(all)]));
};
