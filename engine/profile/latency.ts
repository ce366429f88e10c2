import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { Latency } from '../contract/profile';
import type { Network } from '../models/network';

/** How often something is timed. Milliseconds; where a single time is long, few are enough. */
export interface Patience {
  warmUps: number;
  fewest: number;
  most: number;
  /** What `fewest` may be exceeded in. */
  enoughMs: number;
  /** After this, no further one is begun. */
  mostMs: number;
}

const patience: Patience = { warmUps: 5, fewest: 10, most: 100, enoughMs: 1500, mostMs: 4000 };

/** Collects results of `once`, after warm-up: at least one. */
export const repeated = async <T>(once: () => Promise<T>, wanted: Patience): Promise<T[]> => {
  const results: T[] = [];
  const begin = performance.now();
  const isOver = (share: number): boolean => performance.now() - begin > wanted.mostMs * share;
  for (let run = 0; run < wanted.warmUps && !isOver(0.25); run++) await once();
  const measuring = performance.now();
  do results.push(await once());
  while (
    !isOver(1) &&
    results.length < wanted.most &&
    (results.length < wanted.fewest || performance.now() - measuring < wanted.enoughMs)
  );
  return results;
};

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.round(share * (sorted.length - 1))] ?? 0;

/** Of single times in milliseconds. */
export const latencyOf = (times: readonly number[]): Latency => {
  const sorted = [...times].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    spread: (quantile(sorted, 0.9) - quantile(sorted, 0.1)) / 2,
  };
};

/** One forward pass of `image` [1, …inputShape], until its values have arrived. */
const timeOnce = async (network: Network, image: tf.Tensor): Promise<number> => {
  const begin = performance.now();
  const logits = tf.tidy(() => network.forward(image, { taps: [], training: false }).logits);
  await logits.data();
  logits.dispose();
  return performance.now() - begin;
};

/** Times single samples in inference mode: ten to a hundred, within about two seconds, fewer of a slow network. */
export const measureLatency = async (network: Network): Promise<Latency> => {
  const image = tf.zeros([1, ...network.info.inputShape]);
  try {
    return latencyOf(await repeated(() => timeOnce(network, image), patience));
  } finally {
    image.dispose();
  }
};
