import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Opponent, Prepared, Shown, Step } from '../methods/method';
import type { Network } from '../models/network';
import { withStepSeed } from '../models/stepSeed';
import { withoutTape } from '../models/tape';
import type { Optimizer } from './optimizer';
import { Passes, type GivenOutputs, type PassPlan } from './passes';
import type { TaskMeasures } from '../measures/measures';

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

/** What every opponent is shown of a step, kept until it has learnt from it. */
type Shows = ReadonlyMap<Opponent, Shown>;

const showOpponents = (plan: StepPlan, passes: Passes, inputs: StepInputs): Shows =>
  withoutTape(
    () =>
      new Map(
        plan.terms.flatMap(({ prepared }) =>
          (prepared.opponents ?? []).map((opponent) => {
            const shown = Object.entries(opponent.shown(viewStep(passes, prepared, inputs)));
            return [opponent, Object.fromEntries(shown.map(([name, x]) => [name, tf.keep(x.clone())]))];
          }),
        ),
      ),
  );

const trainOpponents = (
  plan: StepPlan,
  shows: Shows,
  inputs: StepInputs,
  live: Record<string, tf.Scalar>,
): void => {
  for (const term of plan.terms) {
    const { batch, epoch } = inputs;
    const drawn = inputs.drawn.get(term.prepared) ?? {};
    for (const opponent of term.prepared.opponents ?? []) {
      const [optimizer, shown] = [plan.opponents.get(opponent), shows.get(opponent)];
      if (!optimizer || !shown) throw new Error(`The opponent ${opponent.name} has no optimizer.`);
      const gradients = gradientsOf(opponent.variables, () => {
        const loss = opponent.loss(shown, { batch, drawn, epoch });
        live[named(term, opponent.name)] = tf.keep(loss);
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

/**
 * For a step that is recorded: `inputs` with the outputs of teachers whose passes cannot be part of it, which live as
 * long as `use`.
 */
export const withOutsideTeachers = <T>(
  plan: StepPlan,
  inputs: StepInputs,
  use: (known: StepInputs) => T,
): T => {
  const { batch, drawn, given = new Map() } = inputs;
  let made: GivenOutputs = new Map();
  if (plan.teachers.some((teacher) => teacher.outsideStep))
    tf.tidy(() => {
      made = new Passes(passPlan(plan), batch, drawn, given).runOutsideTeachers();
    });
  try {
    return use({ ...inputs, given: new Map([...given, ...made]) });
  } finally {
    for (const outputs of made.values()) tf.dispose(Object.values(outputs));
  }
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
  let shows: Shows = new Map();
  try {
    withStepSeed(inputs.seed, () =>
      tf.tidy(() => {
        const passes = new Passes(passPlan(plan), inputs.batch, inputs.drawn, inputs.given);
        passes.runTeachers();
        const gradients = gradientsOf(plan.trained, () => {
          const total = sumTerms(plan, passes, inputs, live);
          shows = showOpponents(plan, passes, inputs);
          live.loss = tf.keep(total);
          if (plan.measures) measureBatch(plan.measures, passes, inputs, live);
          return total;
        });
        plan.optimizer.apply(gradients, inputs.learningRate);
        trainOpponents(plan, shows, inputs, live);
      }),
    );
    return live;
  } catch (error) {
    tf.dispose(live);
    throw error;
  } finally {
    for (const shown of shows.values()) tf.dispose(Object.values(shown));
  }
};
