import * as tf from '@tensorflow/tfjs';
import { resizeBilinearTo } from './resample';

/**
 * Cross-entropy of every pixel that counts: the mean of −log softmax(z)[y] over pixels whose class is not `ignored`;
 * 0 where no pixel counts. Logits of another size than the mask are resized bilinearly to it first.
 * @param logits [N, h, w, K], before any softmax
 * @param mask [N, H, W], int32 class numbers
 */
export const pixelCrossEntropy = (logits: tf.Tensor4D, mask: tf.Tensor3D, ignored: number): tf.Scalar => {
  const [, height, width] = mask.shape;
  const scores = resizeBilinearTo(logits, height, width);
  const counts = mask.notEqual(ignored).toInt();
  const named = tf.oneHot(mask.mul(counts).toInt().flatten(), scores.shape[3]).toFloat();
  const each = named
    .mul(tf.logSoftmax(scores.reshape([-1, scores.shape[3]])))
    .sum(-1)
    .neg();
  const weights = counts.flatten().toFloat();
  return each.mul(weights).sum().div(weights.sum().maximum(1)).asScalar();
};
