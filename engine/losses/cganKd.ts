import type * as tf from '@tensorflow/tfjs';

/**
 * mean σ(r)·r − softplus(r) over generated samples, − mean σ(r) over real ones, + λ · (mean r over generated ones − 1)²:
 * least where r is the density of the data over that of the generator.
 * Ding et al., Distilling and Transferring Knowledge via cGAN-generated Samples (TPAMI 2023), cDR-RS.
 * @param ofFake @param ofReal positive ratios [N]
 */
export const densityRatioLoss = (ofFake: tf.Tensor, ofReal: tf.Tensor, lambda: number): tf.Scalar => {
  const fake = ofFake.sigmoid().mul(ofFake).sub(ofFake.softplus()).mean();
  return fake.sub(ofReal.sigmoid().mean()).add(ofFake.mean().sub(1).square().mul(lambda)).asScalar();
};

/** The probability with which rejection sampling keeps each sample: its ratio over the largest, at most 1. */
export const acceptance = (ratios: ArrayLike<number>, largest: number): number[] =>
  Array.from(ratios, (ratio) => Math.min(1, ratio / largest));

/** Of sorted values with linear interpolation between neighbours; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((one, other) => one - other);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? NaN;
  return low + ((sorted[Math.ceil(at)] ?? low) - low) * (at - Math.floor(at));
};

/** Positions whose loss lies below the quantile of their group, in order; of a group of one, that one. */
export const keptBelow = (losses: readonly number[], groups: ArrayLike<number>, share: number): number[] => {
  const members = new Map<number, number[]>();
  losses.forEach((loss, at) => {
    const group = groups[at] as number;
    members.set(group, [...(members.get(group) ?? []), loss]);
  });
  const limits = new Map(
    [...members].map(([group, own]) => [group, own.length > 1 ? quantile(own, share) : Infinity]),
  );
  return losses.flatMap((loss, at) => (loss < (limits.get(groups[at] as number) ?? NaN) ? [at] : []));
};
