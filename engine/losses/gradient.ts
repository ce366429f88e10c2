import * as tf from '@tensorflow/tfjs';
import { withoutTape } from '../models/tape';

/** x as a constant: no gradient flows through what is made of it. */
export const detach = <T extends tf.Tensor>(x: T): T => withoutTape(() => x.clone());

/** Leaves x as it is and multiplies its gradient by `strength`; a negative strength turns descent into ascent. */
export const scaleGradient = <T extends tf.Tensor>(x: T, strength: tf.Scalar): T => {
  const identity = tf.customGrad((value, factor, save) => {
    (save as tf.GradSaveFunc)([factor as tf.Tensor]);
    return {
      value: (value as tf.Tensor).clone(),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const kept = saved[0] as tf.Tensor;
        return [dy.mul(kept), tf.zerosLike(kept)];
      },
    };
  });
  return identity(x, strength) as T;
};
