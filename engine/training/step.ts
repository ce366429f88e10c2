import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Opponent, Prepared, Step } from '../methods/method';
import type { Network } from '../models/network';
import { withStepSeed } from '../models/stepSeed';
import type { Optimizer } from './optimizer';
import { Passes, type GivenOutputs, type PassPlan } from './passes';
import type { TaskMeasures } from './task';

/** One entry of the recipe's losses, made ready. */
export interface Term {
  /** Unique in the recipe: the live number is `loss/<label>`. */
  label: string;
  /** Prefix of this term's variables in a checkpoint. */
  group: string;
  weight: number;
  prepared: Prepared;
}

/** All that a step changes or reads; the same for every step of a stage. */
export interface StepPlan {
  student: Network;
  teachers: readonly Network[];
  terms: readonly Term[];
  /** By checkpoint name. */
  trained: ReadonlyMap<string, tf.Variable>;
  optimizer: Optimizer;
  opponents: ReadonlyMap<Opponent, Optimizer>;
  /** Null where something else than the network is trained, which then makes no pass. */
  measures: TaskMeasures | null;
}

/** Everything that differs from step to step; fed in, so that a step is a pure function of it and the variables. */
export interface StepInputs {
  batch: Batch;
  drawn: ReadonlyMap<Prepared, Record<string, tf.Tensor>>;
  learningRate: tf.Scalar;
  epoch: tf.Scalar;
  /** int32 [2]: what layers such as dropout draw from. */
  seed: tf.Tensor1D;
  /** Outputs of teachers that ran before the step. */
  given?: GivenOutputs;
}

/** A step as one method sees it. */
export const viewStep = (passes: Passes, prepared: Prepared, inputs: StepInputs): Step => ({
  batch: inputs.batch,
  drawn: inputs.drawn.get(prepared) ?? {},
  view: passes.viewOf(prepared),
  epoch: inputs.epoch,
  student: (view = passes.base) => passes.student(view),
  teacher: (which = 0, view = passes.base) => passes.teacher(which, view),
  network: (name, view = passes.base) => passes.network(prepared, name, view),
});

const named = (term: Term, short: string): string =>
  short === '' ? `loss/${term.label}` : `loss/${term.label}:${short}`;

const sumTerms = (
  plan: StepPlan,
  passes: Passes,
  inputs: StepInputs,
  live: Record<string, tf.Scalar>,
): tf.Scalar => {
  let total = tf.scalar(0);
  for (const term of plan.terms) {
    const losses = term.prepared.losses(viewStep(passes, term.prepared, inputs));
    for (const [short, loss] of Object.entries(losses)) {
      live[named(term, short)] = tf.keep(loss);
      if (term.weight > 0) total = total.add(loss.mul(term.weight));
    }
  }
  for (const term of plan.terms) term.prepared.remember?.(viewStep(passes, term.prepared, inputs));
  return total;
};

/** By name of the variable; one that the loss does not depend on has none. */
export const gradientsOf = (
  variables: ReadonlyMap<string, tf.Variable>,
  loss: () => tf.Scalar,
): ReadonlyMap<string, tf.Tensor> => {
  const { grads } = tf.variableGrads(loss, [...variables.values()]);
  const found = new Map<string, tf.Tensor>();
  for (const [name, variable] of variables) {
    const gradient = grads[variable.name];
    if (gradient) found.set(name, gradient);
  }
  return found;
};

const trainOpponents = (plan: StepPlan, inputs: StepInputs, live: Record<string, tf.Scalar>): void => {
  for (const term of plan.terms) {
    for (const opponent of term.prepared.opponents ?? []) {
      const optimizer = plan.opponents.get(opponent);
      if (!optimizer) throw new Error(`The opponent ${opponent.name} has no optimizer.`);
      const passes = new Passes(passPlan(plan), inputs.batch, inputs.drawn, inputs.given);
      const gradients = gradientsOf(opponent.variables, () => {
        const loss = opponent.loss(viewStep(passes, term.prepared, inputs));
        live[`${named(term, '')}:${opponent.name}`] = tf.keep(loss);
        return loss;
      });
      optimizer.apply(gradients, tf.scalar(opponent.learningRate));
    }
  }
};

export const passPlan = (plan: StepPlan): PassPlan => ({
  student: plan.student,
  teachers: plan.teachers,
  prepared: plan.terms.map((term) => term.prepared),
});

/** Before a step that is recorded: the passes of teachers that cannot be part of it. To be disposed after the step. */
export const runOutsideTeachers = (plan: StepPlan, { batch, drawn }: StepInputs): GivenOutputs => {
  if (!plan.teachers.some((teacher) => teacher.outsideStep)) return new Map();
  let given: GivenOutputs = new Map();
  tf.tidy(() => {
    given = new Passes(passPlan(plan), batch, drawn).runOutsideTeachers();
  });
  return given;
};

const measureBatch = (
  measures: TaskMeasures,
  passes: Passes,
  { batch }: StepInputs,
  live: Record<string, tf.Scalar>,
): void => {
  const value = measures.live?.(passes.student(passes.base), batch);
  if (value) live[measures.metric] = tf.keep(value);
};

/**
 * One training step: forward, losses, gradients, update. A pure function of `inputs` and the plan's variables, but for
 * their assignment. Gives the live numbers as scalars, to be disposed: `loss`, `loss/<label>` unweighted, and the
 * task's metric on the batch.
 */
export const trainStep = (plan: StepPlan, inputs: StepInputs): Record<string, tf.Scalar> => {
  const live: Record<string, tf.Scalar> = {};
  try {
    withStepSeed(inputs.seed, () =>
      tf.tidy(() => {
        const passes = new Passes(passPlan(plan), inputs.batch, inputs.drawn, inputs.given);
        passes.runTeachers();
        const gradients = gradientsOf(plan.trained, () => {
          const total = sumTerms(plan, passes, inputs, live);
          live.loss = tf.keep(total);
          if (plan.measures) measureBatch(plan.measures, passes, inputs, live);
          return total;
        });
        plan.optimizer.apply(gradients, inputs.learningRate);
        trainOpponents(plan, inputs, live);
      }),
    );
    return live;
  } catch (error) {
    tf.dispose(live);
    throw error;
  }
};
