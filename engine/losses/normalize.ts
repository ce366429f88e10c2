import type * as tf from '@tensorflow/tfjs';

const tiny = 1e-24;

/**
 * x / ‖x‖₂ along the last axis, any rank. The norm is kept at 1e-12 or above, so an all-zero row stays zero and has
 * a finite gradient.
 */
export const l2Normalize = (x: tf.Tensor): tf.Tensor => x.mul(x.square().sum(-1, true).maximum(tiny).rsqrt());

/** ‖x‖₂ along the last axis; at zero the gradient is zero instead of infinite. */
export const l2Norm = (x: tf.Tensor): tf.Tensor => x.square().sum(-1).maximum(tiny).sqrt();
