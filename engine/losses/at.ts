import type * as tf from '@tensorflow/tfjs';
import { l2Norm, l2Normalize } from './normalize';
import { poolToSmaller } from './resample';

/** `code`: mean of squared differences over batch and positions. `paper`: mean over the batch of the l2 norm. */
export type AttentionForm = 'code' | 'paper';

/**
 * Attention map q / ‖q‖₂ with q = mean_c F², one row per sample.
 * @param features [N, H, W, C]
 * @returns [N, H·W]
 */
export const attentionMap = (features: tf.Tensor4D): tf.Tensor2D =>
  l2Normalize(features.square().mean(-1).reshape([features.shape[0], -1])) as tf.Tensor2D;

/**
 * Attention transfer. With q the normalised maps and P positions:
 * code form (1/(N·P)) Σ (qs − qt)², paper form (1/N) Σₙ ‖qs − qt‖₂. The two differ by about P.
 * Where the maps differ in size the larger is average-pooled to the smaller; channels may differ.
 * Zagoruyko and Komodakis, Paying More Attention to Attention (ICLR 2017), equation 2, and its published code.
 * @param student [N, H, W, C]
 * @param teacher [N, H', W', C']
 */
export const atLoss = (student: tf.Tensor4D, teacher: tf.Tensor4D, form: AttentionForm): tf.Scalar => {
  const [small, large] = poolToSmaller(student, teacher);
  const difference = attentionMap(small).sub(attentionMap(large));
  const loss = form === 'code' ? difference.square().mean() : l2Norm(difference).mean();
  return loss.asScalar();
};
