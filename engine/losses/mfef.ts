import * as tf from '@tensorflow/tfjs';
import { detach } from './gradient';
import { kdLoss } from './kd';

/**
 * T² Σₘ KL_T(σ(zf) ‖ σ(zₘ)), the fused logits a constant.
 * @param students logits [N, K] of every network
 * @param fused zf [N, K]
 */
export const fusedDistillation = (
  students: readonly tf.Tensor[],
  fused: tf.Tensor,
  temperature: number,
): tf.Scalar => {
  const target = detach(fused);
  return tf.addN(students.map((logits) => kdLoss(logits, target, temperature)));
};
