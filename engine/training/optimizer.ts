import * as tf from '@tensorflow/tfjs';
import type { OptimizerOptions } from '../contract/recipe';

/** Updates variables in place; its own state is variables too, so that a checkpoint holds it. */
export interface Optimizer {
  /** Saved and restored with a run; names are `<slot>/<variable>`. */
  state: ReadonlyMap<string, tf.Variable>;
  /** One update. `gradients` by variable name; a variable without one is left alone. Pure but for the assignments. */
  apply(gradients: ReadonlyMap<string, tf.Tensor>, learningRate: tf.Scalar): void;
  dispose(): void;
}

type Variables = ReadonlyMap<string, tf.Variable>;
/** The new value of a variable, given its gradient; assigns its own state on the way. */
type Rule = (name: string, variable: tf.Variable, gradient: tf.Tensor, rate: tf.Scalar) => tf.Tensor;

const slot = (state: Map<string, tf.Variable>, variables: Variables, name: string): void => {
  for (const [key, variable] of variables) {
    state.set(
      `${name}/${key}`,
      tf.tidy(() => tf.variable(tf.zerosLike(variable), false)),
    );
  }
};

const at = (state: ReadonlyMap<string, tf.Variable>, name: string): tf.Variable => {
  const variable = state.get(name);
  if (!variable) throw new Error(`The optimizer has no state for ${name}.`);
  return variable;
};

/** v = momentum * v + g;  w = w - rate * v  (Nesterov: w - rate * (g + momentum * v)); PyTorch's form (Sutskever 2013). */
const sgdRule = (
  options: Extract<OptimizerOptions, { kind: 'sgd' }>,
  state: Map<string, tf.Variable>,
): Rule => {
  const { momentum, nesterov, weightDecay } = options;
  return (name, variable, gradient, rate) => {
    const decayed = weightDecay > 0 ? gradient.add(variable.mul(weightDecay)) : gradient;
    if (momentum === 0) return variable.sub(decayed.mul(rate));
    const velocity = at(state, `velocity/${name}`);
    velocity.assign(velocity.mul(momentum).add(decayed));
    return variable.sub((nesterov ? decayed.add(velocity.mul(momentum)) : velocity).mul(rate));
  };
};

/** Adam (Kingma and Ba 2015, algorithm 1) and AdamW (Loshchilov and Hutter 2019, algorithm 2), bias-corrected. */
const adamRule = (
  options: Exclude<OptimizerOptions, { kind: 'sgd' }>,
  state: Map<string, tf.Variable>,
): Rule => {
  const { beta1, beta2, epsilon, weightDecay } = options;
  const decoupled = options.kind === 'adamw';
  return (name, variable, gradient, rate) => {
    const decayed = !decoupled && weightDecay > 0 ? gradient.add(variable.mul(weightDecay)) : gradient;
    const first = at(state, `first/${name}`);
    const second = at(state, `second/${name}`);
    first.assign(first.mul(beta1).add(decayed.mul(1 - beta1)));
    second.assign(second.mul(beta2).add(decayed.square().mul(1 - beta2)));
    const steps = at(state, 'steps');
    const corrected = first.div(tf.sub(1, tf.pow(beta1, steps)));
    const spread = second.div(tf.sub(1, tf.pow(beta2, steps))).sqrt();
    const kept = decoupled && weightDecay > 0 ? variable.sub(variable.mul(rate.mul(weightDecay))) : variable;
    return kept.sub(corrected.div(spread.add(epsilon)).mul(rate));
  };
};

export const createOptimizer = (options: OptimizerOptions, variables: Variables): Optimizer => {
  const state = new Map<string, tf.Variable>();
  if (options.kind === 'sgd') {
    if (options.momentum > 0) slot(state, variables, 'velocity');
  } else {
    slot(state, variables, 'first');
    slot(state, variables, 'second');
    state.set(
      'steps',
      tf.tidy(() => tf.variable(tf.scalar(0), false)),
    );
  }
  const rule = options.kind === 'sgd' ? sgdRule(options, state) : adamRule(options, state);
  return {
    state,
    apply: (gradients, rate) =>
      tf.tidy(() => {
        const steps = state.get('steps');
        steps?.assign(steps.add(1));
        for (const [name, variable] of variables) {
          const gradient = gradients.get(name);
          if (gradient) variable.assign(rule(name, variable, gradient, rate));
        }
      }),
    dispose: () => {
      for (const variable of state.values()) variable.dispose();
    },
  };
};
