import * as tf from '@tensorflow/tfjs';
import { l2Normalize } from '../losses/normalize';
import { withoutTape } from '../models/tape';
import type { Random } from '../random';

/** Weights that are used as W / σ(W), σ the largest singular value: the map that they make stretches nothing. */
export interface SpectralWeights {
  /** W, as it is trained. */
  weights: tf.Variable;
  /** The direction u [out] that σ is estimated along; kept and refined, so a part of what is saved. */
  direction: tf.Variable;
  /** W / σ, of W's shape; the gradient takes σ into account, u and v are constants. */
  normalised(): tf.Tensor;
  /** One more round of the power iteration. */
  refine(): void;
}

const asRow = (vector: tf.Tensor): tf.Tensor2D => vector.reshape([1, -1]);

/**
 * Miyato et al., Spectral Normalization for Generative Adversarial Networks (ICLR 2018): one round of the power iteration
 * a step, v = W u / ‖W u‖, u = Wᵀ v / ‖Wᵀ v‖, σ = vᵀ W u, on W as a matrix [everything else, out].
 */
export const spectralWeights = (weights: tf.Variable, random: Random): SpectralWeights => {
  const outputs = weights.shape.at(-1) as number;
  const drawn = Float32Array.from({ length: outputs }, () => random.normal());
  const direction = tf.tidy(() => tf.variable(l2Normalize(tf.tensor1d(drawn)), false));
  const asMatrix = (): tf.Tensor2D => weights.reshape([-1, outputs]);
  const across = (matrix: tf.Tensor2D): tf.Tensor2D =>
    l2Normalize(asRow(direction).matMul(matrix, false, true)) as tf.Tensor2D;
  return {
    weights,
    direction,
    normalised: () => {
      const fixed = withoutTape(() => across(asMatrix()).matMul(asRow(direction), true, false));
      const sigma = asMatrix().mul(fixed).sum();
      return weights.div(sigma);
    },
    refine: () => {
      const next = l2Normalize(across(asMatrix()).matMul(asMatrix()));
      direction.assign(next.reshape([outputs]));
    },
  };
};
