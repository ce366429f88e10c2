import * as tf from '@tensorflow/tfjs';
import { withStepSeed } from '../models/stepSeed';
import { Passes } from './passes';
import { gradientsOf, passPlan, viewStep, type StepInputs, type StepPlan, type Term } from './step';

const smallest = 1e-30;

/** The losses whose shares are worth measuring: with a weight, and not the only one with one. */
export const sharingTerms = (plan: StepPlan): readonly Term[] => {
  const weighted = plan.measures ? plan.terms.filter(({ weight }) => weight > 0) : [];
  return weighted.length > 1 ? weighted : [];
};

/** The loss of one term alone, weighted; the student's variables belong to it even where it does not depend on them. */
const weightedLoss = (plan: StepPlan, term: Term, passes: Passes, inputs: StepInputs): tf.Scalar => {
  const losses = Object.values(term.prepared.losses(viewStep(passes, term.prepared, inputs)));
  const nothing = tf.addN([...plan.student.trainable.values()].map((variable) => variable.sum())).mul(0);
  return tf.addN([nothing, ...losses.map((loss) => loss.mul(term.weight))]).asScalar();
};

const gradientNorm = (plan: StepPlan, term: Term, inputs: StepInputs): tf.Scalar =>
  withStepSeed(inputs.seed, () => {
    const passes = new Passes(passPlan(plan), inputs.batch, inputs.drawn, inputs.given);
    passes.runTeachers();
    const gradients = gradientsOf(plan.student.trainable, () => weightedLoss(plan, term, passes, inputs));
    return tf
      .addN([...gradients.values()].map((gradient) => gradient.square().sum()))
      .sqrt()
      .asScalar();
  });

/**
 * How much each loss weighs in one step: the norm of its weighted gradient with respect to the student's variables, over
 * the sum of these norms of all losses. Gives `share/<label>`, from 0 to 1, to be disposed. A function of `inputs` and the
 * plan's variables; passes in training mode move batch statistics, which the caller puts back.
 */
export const shareStep = (plan: StepPlan, inputs: StepInputs): Record<string, tf.Scalar> => {
  const terms = sharingTerms(plan);
  return tf.tidy(() => {
    const norms = terms.map((term) => gradientNorm(plan, term, inputs));
    const total = tf.addN(norms).maximum(smallest);
    return Object.fromEntries(
      terms.map(({ label }, index) => [
        `share/${label}`,
        tf.div(norms[index] as tf.Scalar, total).asScalar(),
      ]),
    );
  });
};
