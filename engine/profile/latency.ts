import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import type { Latency } from '../contract/profile';
import type { Network } from '../models/network';

const warmUps = 5;
const fewest = 10;
const most = 100;
const budgetMs = 1500;

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

/** Times single samples in inference mode: at least ten, at most a hundred, within about two seconds. */
export const measureLatency = async (network: Network): Promise<Latency> => {
  const image = tf.zeros([1, ...network.info.inputShape]);
  try {
    for (let run = 0; run < warmUps; run++) await timeOnce(network, image);
    const times: number[] = [];
    const begin = performance.now();
    while (times.length < fewest || (times.length < most && performance.now() - begin < budgetMs))
      times.push(await timeOnce(network, image));
    return latencyOf(times);
  } finally {
    image.dispose();
  }
};
