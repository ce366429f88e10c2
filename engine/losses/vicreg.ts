import * as tf from '@tensorflow/tfjs';

const epsilon = 1e-4;

const centred = (z: tf.Tensor2D): tf.Tensor2D => z.sub(z.mean(0));

/** Unbiased covariance of the columns, [D, D]. */
const covariance = (z: tf.Tensor2D): tf.Tensor2D => {
  const x = centred(z);
  return tf.matMul(x, x, true).div(Math.max(1, z.shape[0] - 1));
};

/** Mean of (a − b)² over all elements. @param a, b [N, D] */
export const invarianceLoss = (a: tf.Tensor2D, b: tf.Tensor2D): tf.Scalar =>
  a.sub(b).square().mean().asScalar();

/**
 * (1/D) Σ_d relu(1 − √(Var_d + 1e-4)), the variance unbiased: every column keeps a deviation of 1.
 * Bardes, Ponce and LeCun, VICReg (ICLR 2022), equation 1.
 */
export const varianceLoss = (z: tf.Tensor2D): tf.Scalar => {
  const variance = centred(z)
    .square()
    .sum(0)
    .div(Math.max(1, z.shape[0] - 1));
  return tf.sub(1, variance.add(epsilon).sqrt()).relu().mean().asScalar();
};

/** (1/D) Σ_{i≠j} Cov_ij²: no two columns tell the same. VICReg, equation 4. */
export const covarianceLoss = (z: tf.Tensor2D): tf.Scalar => {
  const squares = covariance(z).square();
  const own = tf.mul(squares, tf.eye(z.shape[1])).sum();
  return squares.sum().sub(own).div(z.shape[1]).asScalar();
};
