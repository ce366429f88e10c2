import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { Latency } from '../contract/profile';
import type { Execution, ExecutionStep } from '../models/execution';
import { withoutTape } from '../models/tape';
import { latencyOf } from './latency';

const warmUps = 2;
const fewest = 5;
const most = 50;
const budgetMs = 1200;

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
    if (layer === null) continue;
    const given = inputs.map(({ step, output }) => values[step]?.[output] as tf.Tensor);
    times.set(layer, (times.get(layer) ?? 0) + (run ? await timeStep(run, given) : 0));
  }
  return times;
};

/**
 * Times every layer by itself, on what it gets in a pass over `raw` [1, …inputShape], in inference mode: sweeps through
 * the whole network, so that no layer finds its weights in a cache that it would not find them in. At least five
 * sweeps, at most fifty, within about a second.
 */
export const measureLayers = async (
  execution: Execution,
  raw: tf.Tensor,
): Promise<ReadonlyMap<string, Latency>> => {
  const values = withoutTape(() => tf.tidy(() => execution.values(raw)));
  try {
    const times = new Map<string, number[]>();
    const begin = performance.now();
    for (let run = -warmUps; run < fewest || (run < most && performance.now() - begin < budgetMs); run++)
      for (const [layer, time] of await sweep(execution.steps, values))
        if (run >= 0) times.set(layer, [...(times.get(layer) ?? []), time]);
    return new Map([...times].map(([layer, all]) => [layer, latencyOf(all)]));
  } finally {
    for (const tensor of new Set(values.flat())) if (tensor !== raw) tensor.dispose();
  }
};
