import * as tf from '@tensorflow/tfjs';
import { compileStep, type GraphStep } from '../graph/graphStep';
import { Untraceable } from '../graph/trace';
import { withSeed } from '../random';
import { shareStep, sharingTerms } from './shares';
import { withOutsideTeachers, type StepInputs, type StepPlan } from './step';
import { fixedOf, signature, tensorsOf } from './stepRunner';

/** Measures the losses' shares of the gradient beside the training: no variable is changed by it. */
export interface ShareRunner {
  /** False where there is nothing to compare. */
  isNeeded: boolean;
  /** `share/<label>`. The variables must hold what the training's steps have made of them. */
  measure(inputs: StepInputs, seed: string): Record<string, number>;
  dispose(): void;
}

/** Runs `work`, then puts back every variable that it assigned. */
const restoring = <T>(work: () => T): T => {
  const before = Object.values(tf.engine().state.registeredVariables).map(
    (variable) => [variable, variable.clone()] as const,
  );
  try {
    return work();
  } finally {
    for (const [variable, value] of before) {
      if (!variable.isDisposed && variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  }
};

const eagerly = (plan: StepPlan, inputs: StepInputs, seed: string): Record<string, number> => {
  const made = restoring(() => withSeed(seed, () => shareStep(plan, inputs)));
  const numbers = Object.entries(made).map(([name, scalar]) => [name, scalar.dataSync()[0] ?? NaN] as const);
  tf.dispose(made);
  return Object.fromEntries(numbers);
};

/** As a graph of its own, whose session is given the variables before it runs and never gives them back. */
class GraphShares {
  private readonly graphs = new Map<string, GraphStep>();
  private eager = false;

  constructor(private readonly plan: StepPlan) {}

  measure(inputs: StepInputs, seed: string): Record<string, number> {
    return withOutsideTeachers(this.plan, inputs, (known) => {
      const tensors = tensorsOf(known);
      const graph = this.eager ? null : this.graphFor(tensors, known);
      if (!graph) return eagerly(this.plan, known, seed);
      graph.push();
      return graph.run(tensors);
    });
  }

  dispose(): void {
    for (const graph of this.graphs.values()) graph.dispose();
  }

  private graphFor(tensors: readonly tf.Tensor[], inputs: StepInputs): GraphStep | null {
    const key = signature(tensors);
    const known = this.graphs.get(key);
    if (known) return known;
    try {
      const graph = compileStep(tensors, () => shareStep(this.plan, inputs), fixedOf(this.plan));
      this.graphs.set(key, graph);
      return graph;
    } catch (error) {
      if (!(error instanceof Untraceable)) throw error;
      this.eager = true;
      return null;
    }
  }
}

export const createShareRunner = (plan: StepPlan): ShareRunner => {
  const isNeeded = sharingTerms(plan).length > 0;
  if (tf.getBackend() === 'tensorflow') {
    const graphs = new GraphShares(plan);
    const measure = graphs.measure.bind(graphs);
    return { isNeeded, measure, dispose: () => graphs.dispose() };
  }
  return {
    isNeeded,
    measure: (inputs, seed) => eagerly(plan, inputs, seed),
    dispose: () => undefined,
  };
};
