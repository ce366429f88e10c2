import * as tf from '@tensorflow/tfjs';
import { solvePositive } from '../solvePositive';

/** Rows of inputs [rows, inputs] and of what they should become [rows, outputs]. */
export interface Regression {
  inputs: tf.Tensor2D;
  outputs: tf.Tensor2D;
}

/** Squared error that is left, and the squared distance from the mean before. */
export interface Residual {
  error: number;
  variation: number;
}

/** Added to the diagonal, as a share of its mean. */
const relativeRidge = 0.01;

/** (A + ridge·I)⁻¹·B for symmetric A. */
const solve = (a: tf.Tensor, b: tf.Tensor): tf.Tensor2D => {
  const [size = 0, columns = 0] = b.shape;
  const matrix = Float64Array.from(a.dataSync());
  let trace = 0;
  for (let at = 0; at < size; at++) trace += matrix[at * size + at] as number;
  for (let at = 0; at < size; at++)
    matrix[at * size + at] = (matrix[at * size + at] as number) + (relativeRidge * trace) / size;
  const values = solvePositive(matrix, size, Float64Array.from(b.dataSync()), columns);
  return tf.tensor2d(Float32Array.from(values), [size, columns]);
};

const sum = (x: tf.Tensor): number => x.sum().dataSync()[0] as number;

/**
 * Fits outputs ≈ inputs·W + b by ridge regression on `train` (closed form, by the smaller of the primal and the dual
 * system), and measures it on `test`. Inputs are divided by their own deviation first.
 */
export const ridgeResidual = (train: Regression, test: Regression): Residual =>
  tf.tidy(() => {
    const { mean, variance } = tf.moments(train.inputs, 0);
    const scale = variance.add(1e-8).rsqrt();
    const scaled = (x: tf.Tensor2D) => x.sub(mean).mul<tf.Tensor2D>(scale);
    const [x, held] = [scaled(train.inputs), scaled(test.inputs)];
    const middle = train.outputs.mean(0);
    const y = train.outputs.sub<tf.Tensor2D>(middle);
    const [rows, columns] = x.shape;
    const predicted =
      columns <= rows
        ? held.matMul(solve(x.matMul(x, true), x.matMul(y, true)))
        : held.matMul(x, false, true).matMul(solve(x.matMul(x, false, true), y));
    const wanted = test.outputs.sub(middle);
    return {
      error: sum(wanted.sub(predicted).square()),
      variation: sum(test.outputs.sub(test.outputs.mean(0)).square()),
    };
  });

/** R² from residuals of parts that are fitted separately: 1 is exact, 0 (the least) no better than the mean. */
export const coefficientOf = (residuals: readonly Residual[]): number => {
  const error = residuals.reduce((total, part) => total + part.error, 0);
  const variation = residuals.reduce((total, part) => total + part.variation, 0);
  return variation > 0 ? Math.max(0, 1 - error / variation) : 0;
};
