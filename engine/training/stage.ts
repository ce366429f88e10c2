import * as tf from '@tensorflow/tfjs';
import type { Training } from '../contract/recipe';
import type { Dataset } from '../data/dataset';
import type { MethodStage, Opponent } from '../methods/method';
import type { Network } from '../models/network';
import { createOptimizer, type Optimizer } from './optimizer';
import type { StepPlan, Term } from './step';
import type { TaskMeasures } from '../measures/measures';

/** One stage of a run before it starts: what is trained, from what, for how long. */
export interface Stage {
  name: string;
  training: Training;
  stepsPerEpoch: number;
  /** Names the random streams: student and control share theirs, so that both see the same batches. */
  stream: string;
  /** Prefix of the network's variables in a checkpoint. */
  group: string;
  network: Network;
  teachers: readonly Network[];
  terms: readonly Term[];
  /** Set where a method's own stage trains something else than the network. */
  only?: MethodStage;
}

const prefixed = (
  group: string,
  variables: ReadonlyMap<string, tf.Variable> | undefined,
): [string, tf.Variable][] =>
  [...(variables ?? [])].map(([name, variable]) => [`${group}/${name}`, variable]);

const ofNetwork = (group: string, network: Network): [string, tf.Variable][] => [
  ...prefixed(group, network.trainable),
  ...prefixed(group, network.statistics),
];

const ofTerm = (term: Term): [string, tf.Variable][] => [
  ...prefixed(term.group, term.prepared.variables),
  ...prefixed(term.group, term.prepared.memory),
  ...[...(term.prepared.networks ?? [])].flatMap(([name, network]) =>
    ofNetwork(`${term.group}/${name}`, network),
  ),
  ...(term.prepared.opponents ?? []).flatMap((opponent) =>
    prefixed(`${term.group}/${opponent.name}`, opponent.variables),
  ),
  ...(term.prepared.stages ?? []).flatMap((stage) =>
    prefixed(`${term.group}/${stage.name}`, stage.variables),
  ),
];

/** Every variable that a stage reads or changes, but for its optimizers', by checkpoint name. */
export const stageVariables = (stage: Stage): Map<string, tf.Variable> =>
  new Map([...ofNetwork(stage.group, stage.network), ...stage.terms.flatMap(ofTerm)]);

const trainedVariables = (stage: Stage): Map<string, tf.Variable> => {
  if (stage.only) return new Map(prefixed('stage', stage.only.variables));
  return new Map([
    ...prefixed(stage.group, stage.network.trainable),
    ...stage.terms.flatMap((term) => [
      ...prefixed(term.group, term.prepared.variables),
      ...[...(term.prepared.networks ?? [])].flatMap(([name, network]) =>
        prefixed(`${term.group}/${name}`, network.trainable),
      ),
    ]),
  ]);
};

/** A stage that is under way: its optimizers exist. */
export interface RunningStage {
  stage: Stage;
  plan: StepPlan;
  /** Everything a checkpoint of this stage must hold. */
  saved: ReadonlyMap<string, tf.Variable>;
  dispose(): void;
}

/** Makes the optimizers of a stage. */
export const startStage = (stage: Stage, measures: TaskMeasures): RunningStage => {
  const trained = trainedVariables(stage);
  const optimizer = createOptimizer(stage.training.optimizer, trained);
  const opponents = new Map<Opponent, Optimizer>();
  const states = prefixed('optimizer', optimizer.state);
  for (const term of stage.terms) {
    for (const opponent of term.prepared.opponents ?? []) {
      const own = createOptimizer(opponent.optimizer, opponent.variables);
      opponents.set(opponent, own);
      states.push(...prefixed(`optimizer/${term.group}/${opponent.name}`, own.state));
    }
  }
  const { network: student, teachers, terms } = stage;
  const measured = stage.only ? null : measures;
  return {
    stage,
    plan: { student, teachers, terms, trained, optimizer, opponents, measures: measured },
    saved: new Map([...stageVariables(stage), ...states]),
    dispose: () => [optimizer, ...opponents.values()].forEach((one) => one.dispose()),
  };
};

/** Whole batches only: several losses depend on the batch size. A split smaller than a batch is one batch. */
export const stepsPerEpoch = (dataset: Dataset, batchSize: number): number =>
  Math.max(1, Math.floor(dataset.train.count / batchSize));

/** Steps of a whole stage. */
export const stepsOf = (stage: Stage): number => stage.training.epochs * stage.stepsPerEpoch;

/** Puts saved values back. Names that the checkpoint lacks are given to `onMissing`. */
export const restoreVariables = (
  variables: ReadonlyMap<string, tf.Variable>,
  saved: ReadonlyMap<
    string,
    { shape: number[]; dtype: 'float32' | 'int32' | 'bool'; values: Float32Array | Int32Array | Uint8Array }
  >,
  onMissing: (name: string) => void,
): void => {
  for (const [name, variable] of variables) {
    const value = saved.get(name);
    if (!value) onMissing(name);
    else tf.tidy(() => variable.assign(tf.tensor(value.values, value.shape, value.dtype)));
  }
};
