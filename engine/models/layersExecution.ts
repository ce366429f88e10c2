import * as tf from '@tensorflow/tfjs';
import type { Execution, ExecutionStep, ValueRef } from './execution';
import { layerWindow } from './layerWindow';

type Layer = tf.layers.Layer;
/** The values of a graph by the id of their symbolic tensor. */
type Scope = Map<number, ValueRef>;

/** What hands its input on in inference, and in the same order. */
const views = new Set(['Flatten', 'Reshape', 'Dropout', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout']);

const isLinear = (layer: Layer): boolean => {
  const { activation } = layer as Layer & { activation?: { getClassName?(): string } };
  return layer.getClassName() === 'Activation' && activation?.getClassName?.() === 'linear';
};

const asList = (found: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(found) ? found : [found]);

/** Collects the operations of a layers model, in the order in which tfjs executes them. */
class Steps {
  readonly list: ExecutionStep[] = [];

  /** The value of `symbolic`, with all that it needs. `owner`: the outermost nested model around it. */
  valueOf(symbolic: tf.SymbolicTensor, scope: Scope, owner: string | null): ValueRef {
    const known = scope.get(symbolic.id);
    if (known) return known;
    const { sourceLayer: layer } = symbolic;
    const node = layer.inboundNodes[symbolic.nodeIndex];
    if (!node) throw new Error(`${layer.name} lacks the call that made ${symbolic.name}.`);
    const isInput = layer.getClassName() === 'InputLayer';
    const inputs = isInput ? [] : node.inputTensors.map((input) => this.valueOf(input, scope, owner));
    if (layer instanceof tf.LayersModel) {
      const inner: Scope = new Map();
      layer.inputs.forEach((input, index) => inner.set(input.id, inputs[index] as ValueRef));
      node.outputTensors.forEach((output, index) => {
        const made = layer.outputs[index];
        if (made) scope.set(output.id, this.valueOf(made, inner, owner ?? layer.name));
      });
    } else {
      const step = this.list.push(this.stepOf(layer, node, inputs, owner)) - 1;
      node.outputTensors.forEach(({ id }, output) => scope.set(id, { step, output }));
    }
    return scope.get(symbolic.id) as ValueRef;
  }

  private stepOf(
    layer: Layer,
    node: Layer['inboundNodes'][number],
    inputs: readonly ValueRef[],
    owner: string | null,
  ): ExecutionStep {
    const kind = layer.getClassName();
    const settings = { ...(node.callArgs ?? {}), training: false };
    const run = (given: readonly tf.Tensor[]): tf.Tensor[] =>
      tf.tidy(() =>
        asList(layer.apply(given.length === 1 ? (given[0] as tf.Tensor) : [...given], settings) as tf.Tensor),
      );
    return {
      layer: owner ?? layer.name,
      kind,
      inputs,
      window: layerWindow(layer),
      isView: views.has(kind) || isLinear(layer),
      run: kind === 'InputLayer' ? null : run,
    };
  }
}

/** `logits` and whatever else the model puts out, of a layers model that takes one input. */
export const layersExecution = (model: tf.LayersModel, logits: tf.SymbolicTensor): Execution => {
  const found = new Steps();
  const scope: Scope = new Map();
  const result = found.valueOf(logits, scope, null);
  for (const output of model.outputs) found.valueOf(output, scope, null);
  const steps = found.list;
  const values = (x: tf.Tensor): tf.Tensor[][] => {
    const made: tf.Tensor[][] = [];
    for (const { run, inputs } of steps)
      made.push(run ? run(inputs.map(({ step, output }) => made[step]?.[output] as tf.Tensor)) : [x]);
    return made;
  };
  return { steps, result, weightArrays: model.weights.length, values };
};
