import type * as tf from '@tensorflow/tfjs';

/** Where the temperature's range starts, and how far the sigmoid reaches above it. */
export interface TemperatureRange {
  start: number;
  span: number;
}

/** T(θ) = start + span · sigmoid(θ). */
export const temperatureOf = (theta: tf.Scalar, { start, span }: TemperatureRange): tf.Scalar =>
  theta.sigmoid().mul(span).add(start).asScalar();

/**
 * How strongly the temperature's gradient is turned: λ(e) = ½(cos(π·min(e, E)/E) + 1) − 1, from 0 down to −1, with
 * e the number of the running epoch from 1.
 * Li et al., Curriculum Temperature for Knowledge Distillation (AAAI 2023).
 * @param epochsDone epochs done so far, with fraction
 * @param ramp E, epochs until −1 is reached
 */
export const reversalStrength = (epochsDone: tf.Scalar, ramp: number): tf.Scalar => {
  const running = epochsDone.floor().add(1).minimum(ramp);
  return running
    .mul(Math.PI / ramp)
    .cos()
    .add(1)
    .mul(0.5)
    .sub(1)
    .asScalar();
};
