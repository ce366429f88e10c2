import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node-gpu/dist/nodejs_kernel_backend';
import { operationsInUse } from '../backend/operations';
import { foldBatchNorms } from './foldBatchNorm';
import { withoutIdleReshapes } from './idleReshapes';
import { encodeSavedModel, setNode, stepNode, storedName, storeNode } from './savedModel';
import { divideConstants } from './storedConstants';
import { withWinograd } from './winograd';
import { trace, Untraceable, type Constant, type Trace } from './trace';
import { floatsOf } from './uses';

/** A step as one TensorFlow graph, with its variables inside a session of their own. */
export interface GraphStep {
  /** Runs the step on inputs of the traced shapes; gives its results by name. Changes the session's variables only. */
  run(inputs: readonly tf.Tensor[]): Record<string, number>;
  /** As `run`, for results of one shape that are more than scalars: their values one after another. */
  values(inputs: readonly tf.Tensor[]): Float32Array;
  /** Session to tfjs: every variable that the step changes. */
  pull(): void;
  /** tfjs to session: every variable that the step reads or changes. */
  push(): void;
  dispose(): void;
}

const optimised = (found: Trace): Trace => {
  const folded = foldBatchNorms(withoutIdleReshapes(found));
  return operationsInUse() ? withWinograd(folded) : folded;
};

const load = (backend: NodeJSKernelBackend, found: Trace): number => {
  const folder = mkdtempSync(join(tmpdir(), 'retort-graph-'));
  try {
    const divided = divideConstants(optimised(found));
    writeFileSync(join(folder, 'saved_model.pb'), encodeSavedModel(divided));
    const session = backend.loadSavedModelMetaGraph(folder, 'serve');
    store(backend, session, divided.stored);
    return session;
  } catch (error) {
    throw new Untraceable(`TensorFlow refuses it as a graph (${(error as Error).message.split('\n')[0]})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The backend's input descriptions: it reads the name, and the type only for types that tfjs lacks. */
const described = (names: readonly string[]) =>
  names.map((name) => ({ name, dtype: 'float32', tfDtype: '' }) as const);

const runSession = (
  backend: NodeJSKernelBackend,
  session: number,
  inputs: readonly tf.Tensor[],
  names: readonly string[],
  outputs: string[],
): tf.Tensor[] => {
  type Run = Parameters<NodeJSKernelBackend['runSavedModel']>;
  return backend.runSavedModel(session, [...inputs], described(names) as unknown as Run[2], outputs);
};

/** Gives the session the constants that lie outside its graph. */
const store = (backend: NodeJSKernelBackend, session: number, stored: readonly Constant[]): void =>
  tf.tidy(() => {
    const values = stored.map((constant) => tf.tensor(floatsOf(constant), [...constant.shape]));
    const names = stored.map((constant) => `given${storedName(constant)}`);
    runSession(backend, session, values, names, [storeNode]);
  });

/** What is known of a trace once its graph is loaded; its constants live in the session alone. */
type Loaded = Pick<Trace, 'inputs' | 'variables' | 'results'>;

class SessionStep implements GraphStep {
  private readonly changed: Trace['variables'];

  constructor(
    private readonly backend: NodeJSKernelBackend,
    private readonly session: number,
    private readonly found: Loaded,
  ) {
    this.changed = found.variables.filter(({ value }) => value !== null);
    this.push();
  }

  run(inputs: readonly tf.Tensor[]): Record<string, number> {
    const values = this.values(inputs);
    return Object.fromEntries(this.found.results.map(({ name }, index) => [name, values[index] ?? NaN]));
  }

  values(inputs: readonly tf.Tensor[]): Float32Array {
    const names = this.found.inputs.map(({ name }) => name);
    const [packed] = this.ask(inputs, names, [stepNode]);
    const values = packed?.dataSync<'float32'>();
    packed?.dispose();
    return values ?? new Float32Array();
  }

  push(): void {
    const { variables } = this.found;
    const names = variables.map(({ name }) => `given${name}`);
    const values = variables.map(({ variable }) => variable);
    tf.dispose(this.ask(values, names, [setNode]));
  }

  pull(): void {
    tf.tidy(() => {
      const values = this.ask(
        [],
        [],
        this.changed.map(({ name }) => `read${name}`),
      );
      this.changed.forEach(({ variable }, index) => variable.assign(values[index] as tf.Tensor));
    });
  }

  dispose(): void {
    this.backend.deleteSavedModel(this.session);
  }

  private ask(inputs: readonly tf.Tensor[], names: readonly string[], outputs: string[]): tf.Tensor[] {
    return runSession(this.backend, this.session, inputs, names, outputs);
  }
}

/** Values that may become part of a graph, which is built in memory and holds at most 2 GB; beyond, they stay variables. */
const mostConstants = 2 ** 26;

const fewEnough = (fixed: readonly tf.Variable[]): ReadonlySet<tf.Variable> => {
  const values = fixed.reduce((sum, { size }) => sum + size, 0);
  return new Set(values <= mostConstants ? fixed : []);
};

/** Runs `use`, which may change variables; `restore` puts them back, as is done after it in any case. */
const withVariablesKept = <T>(use: (restore: () => void) => T): T => {
  const before = Object.values(tf.engine().state.registeredVariables).map(
    (variable) => [variable, variable.clone()] as const,
  );
  const restore = (): void => {
    for (const [variable, value] of before) variable.assign(value);
  };
  try {
    return use(restore);
  } finally {
    restore();
    for (const [, value] of before) value.dispose();
  }
};

/**
 * Turns a step into a graph: executes it once to see what it asks of TensorFlow, puts the variables back, and loads
 * the same operations as a session. `step` must be a pure function of `inputs` and tfjs variables, and give scalars (or
 * other float32 tensors of one shape).
 * The variables in `fixed` keep their values as long as the graph is used, so what depends on them alone is computed
 * once. Throws `Untraceable` where the step is not pure.
 */
export const compileStep = (
  inputs: readonly tf.Tensor[],
  step: () => Record<string, tf.Tensor>,
  fixed: readonly tf.Variable[] = [],
): GraphStep => {
  const backend = tf.backend() as NodeJSKernelBackend;
  const constant = fewEnough(fixed);
  const found = withVariablesKept((restore) => {
    try {
      return trace(backend, inputs, step, { fixed: constant, sharing: true });
    } catch (error) {
      if (error instanceof Untraceable) throw error;
      // An operation may refuse values that stand for others: once more with the true ones.
      restore();
      return trace(backend, inputs, step, { fixed: constant });
    }
  });
  const { inputs: named, variables, results } = found;
  return new SessionStep(backend, load(backend, found), { inputs: named, variables, results });
};
