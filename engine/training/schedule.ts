import type { ScheduleOptions } from '../contract/recipe';

/**
 * The learning rate after `epoch` epochs (with fraction, from 0) of `epochs`.
 * Warm-up rises linearly from 0; step multiplies by gamma after each milestone; cosine falls to `floor` (Loshchilov and
 * Hutter 2017, eq. 5, one cycle over the epochs that follow the warm-up).
 */
export const learningRateAt = (
  options: ScheduleOptions,
  peak: number,
  epoch: number,
  epochs: number,
): number => {
  if (epoch < options.warmup) return (peak * epoch) / options.warmup;
  switch (options.kind) {
    case 'constant':
      return peak;
    case 'step':
      return peak * options.gamma ** options.milestones.filter((milestone) => epoch >= milestone).length;
    case 'cosine': {
      const share = Math.min(1, (epoch - options.warmup) / Math.max(epochs - options.warmup, Number.EPSILON));
      return options.floor + ((peak - options.floor) * (1 + Math.cos(Math.PI * share))) / 2;
    }
  }
};
