import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { OptimizerOptions } from '../../engine/contract/recipe';
import { createOptimizer } from '../../engine/training/optimizer';

const gradients = [
  [0.5, -1],
  [0.25, 2],
  [-1, 0.125],
];
const start = [1, -2];
const rate = 0.1;

/** Three updates through the optimizer under test. */
const update = (options: OptimizerOptions): number[] => {
  const before = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.tensor1d(start)));
  const optimizer = createOptimizer(options, new Map([['w', variable]]));
  for (const gradient of gradients) {
    const given = tf.tensor1d(gradient);
    const scalar = tf.scalar(rate);
    optimizer.apply(new Map([['w', given]]), scalar);
    tf.dispose([given, scalar]);
  }
  const result = [...variable.dataSync()];
  variable.dispose();
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return result;
};

const sgd = (momentum: number, nesterov: boolean, decay: number): number[] =>
  start.map((initial, index) => {
    let [weight, velocity] = [initial, 0];
    for (const gradient of gradients) {
      const decayed = (gradient[index] as number) + decay * weight;
      velocity = momentum * velocity + decayed;
      weight -= rate * (momentum === 0 ? decayed : nesterov ? decayed + momentum * velocity : velocity);
    }
    return weight;
  });

const adam = (decay: number, decoupled: boolean): number[] =>
  start.map((initial, index) => {
    let [weight, first, second] = [initial, 0, 0];
    gradients.forEach((gradient, step) => {
      const decayed = (gradient[index] as number) + (decoupled ? 0 : decay * weight);
      first = 0.9 * first + 0.1 * decayed;
      second = 0.999 * second + 0.001 * decayed ** 2;
      const kept = decoupled ? weight * (1 - rate * decay) : weight;
      const spread = Math.sqrt(second / (1 - 0.999 ** (step + 1))) + 1e-8;
      weight = kept - (rate * (first / (1 - 0.9 ** (step + 1)))) / spread;
    });
    return weight;
  });

const close = (found: number[], wanted: number[], tolerance: number): void =>
  found.forEach((value, index) =>
    expect(Math.abs(value - (wanted[index] as number))).toBeLessThan(tolerance),
  );

describe('optimizers', () => {
  it.each([
    [0, false, 0],
    [0.9, false, 0],
    [0.9, true, 0],
    [0.9, false, 0.01],
    [0.9, true, 0.01],
  ])(
    'SGD with momentum %s, Nesterov %s, weight decay %s follows its definition',
    (momentum, nesterov, weightDecay) => {
      close(
        update({ kind: 'sgd', momentum, nesterov, weightDecay }),
        sgd(momentum, nesterov, weightDecay),
        1e-6,
      );
    },
  );

  it('Adam follows its definition, with and without weight decay', () => {
    const shared = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    close(update({ kind: 'adam', ...shared, weightDecay: 0 }), adam(0, false), 1e-4);
    close(update({ kind: 'adam', ...shared, weightDecay: 0.1 }), adam(0.1, false), 1e-4);
  });

  it('AdamW decays the weights apart from the gradient', () => {
    const options = { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 } as const;
    close(update(options), adam(0.1, true), 1e-4);
  });

  it('leaves a variable without a gradient alone', () => {
    const variable = tf.variable(tf.tensor1d(start));
    const optimizer = createOptimizer(
      { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0.1 },
      new Map([['w', variable]]),
    );
    optimizer.apply(new Map(), tf.scalar(rate));
    expect([...variable.dataSync()]).toEqual(start);
  });
});
