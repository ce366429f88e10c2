import * as tf from '@tensorflow/tfjs';
import { detach } from './gradient';
import { kdLoss } from './kd';

/**
 * Σₘ 1/(M − 1) Σ_{l≠m} T² KL_T(zₗ ‖ zₘ) over M networks; every network imitates the others, which are constants to it.
 * Zhang, Xiang, Hospedales and Lu, Deep Mutual Learning (CVPR 2018).
 * @param logits [N, K] of each network, two or more
 */
export const mutualLoss = (logits: readonly tf.Tensor[], temperature: number): tf.Scalar => {
  const targets = logits.map(detach);
  const terms = logits.flatMap((own, which) =>
    targets.filter((_, other) => other !== which).map((target) => kdLoss(own, target, temperature)),
  );
  return tf.addN(terms).div(logits.length - 1);
};
