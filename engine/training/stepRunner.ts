import * as tf from '@tensorflow/tfjs';
import { batchTensors } from '../data/dataset';
import { compileStep, type GraphStep } from '../graph/graphStep';
import { Untraceable } from '../graph/trace';
import { withSeed } from '../random';
import { trainStep, withOutsideTeachers, type StepInputs, type StepPlan } from './step';

/** Runs the steps of a stage: as one graph where the backend and the step allow it, else operation by operation. */
export interface StepRunner {
  run(inputs: StepInputs, seed: string): Record<string, number>;
  /** Brings what the steps changed into the variables: before they are read. */
  pull(): void;
  /** Takes over what others changed in the variables: before steps that follow. */
  push(): void;
  dispose(): void;
}

const eagerly = (plan: StepPlan, inputs: StepInputs, seed: string): Record<string, number> => {
  const live = withSeed(seed, () => trainStep(plan, inputs));
  const numbers = Object.entries(live).map(([name, scalar]) => [name, scalar.dataSync()[0] ?? NaN] as const);
  tf.dispose(live);
  return Object.fromEntries(numbers);
};

/** The tensors of a step's inputs in a fixed order. */
export const tensorsOf = ({ batch, drawn, learningRate, epoch, seed, given }: StepInputs): tf.Tensor[] => [
  ...batchTensors(batch),
  learningRate,
  epoch,
  seed,
  ...[...drawn.values(), ...(given?.values() ?? [])].flatMap((tensors) => Object.values(tensors)),
];

/** The teachers' variables, but for those that the stage itself changes. */
export const fixedOf = ({ teachers, trained, terms }: StepPlan): tf.Variable[] => {
  const memories = terms.flatMap(({ prepared }) => [...(prepared.memory?.values() ?? [])]);
  const changing = new Set([...trained.values(), ...memories]);
  return teachers
    .flatMap(({ trainable, statistics }) => [...trainable.values(), ...statistics.values()])
    .filter((variable) => !changing.has(variable));
};

/** Tells inputs apart that one graph cannot take. */
export const signature = (tensors: readonly tf.Tensor[]): string =>
  tensors.map(({ shape }) => shape.join('x')).join(' ');

/** Steps as graphs, one for each set of input shapes. */
class GraphRunner implements StepRunner {
  private readonly graphs = new Map<string, GraphStep>();
  private current: GraphStep | null = null;
  private eager = false;

  constructor(
    private readonly plan: StepPlan,
    private readonly onEager: (reason: string) => void,
  ) {}

  run(inputs: StepInputs, seed: string): Record<string, number> {
    if (this.eager) return eagerly(this.plan, inputs, seed);
    return withOutsideTeachers(this.plan, inputs, (known) => {
      const tensors = tensorsOf(known);
      const graph = this.graphFor(tensors, known);
      return graph ? graph.run(tensors) : eagerly(this.plan, known, seed);
    });
  }

  pull(): void {
    this.current?.pull();
  }

  push(): void {
    this.current?.push();
  }

  dispose(): void {
    for (const graph of this.graphs.values()) graph.dispose();
  }

  private graphFor(tensors: readonly tf.Tensor[], inputs: StepInputs): GraphStep | null {
    const key = signature(tensors);
    const known = this.graphs.get(key);
    if (known && known === this.current) return known;
    this.pull();
    if (known) known.push();
    this.current = known ?? this.compile(key, tensors, inputs);
    return this.current;
  }

  private compile(key: string, tensors: readonly tf.Tensor[], inputs: StepInputs): GraphStep | null {
    try {
      const graph = compileStep(tensors, () => trainStep(this.plan, inputs), fixedOf(this.plan));
      this.graphs.set(key, graph);
      return graph;
    } catch (error) {
      if (!(error instanceof Untraceable)) throw error;
      this.eager = true;
      this.onEager(error.message);
      return null;
    }
  }
}

const nothing = (): void => undefined;

/** Runs every step operation by operation, on any backend. */
export const createEagerRunner = (plan: StepPlan): StepRunner => ({
  run: (inputs, seed) => eagerly(plan, inputs, seed),
  pull: nothing,
  push: nothing,
  dispose: nothing,
});

/** `onEager` hears why steps of a graph-capable backend run operation by operation all the same. */
export const createStepRunner = (plan: StepPlan, onEager: (reason: string) => void): StepRunner =>
  tf.getBackend() === 'tensorflow' ? new GraphRunner(plan, onEager) : createEagerRunner(plan);
