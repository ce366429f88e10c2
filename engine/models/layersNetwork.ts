import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { ModelInfo } from '../contract/model';
import type { InputOptions } from '../contract/data';
import { speedUpBatchNorm } from './batchNorm';
import { describeModel, type Described, type Origin } from './describe';
import { seedDropout } from './dropout';
import type { Execution } from './execution';
import { kerasOnlyActivation } from './kerasActivations';
import { functionalPart } from './graph';
import { InputValues } from './inputValues';
import { layersExecution } from './layersExecution';
import { outputsOf, type Network, type Outputs, type PassOptions } from './network';
import { keepDepthMultiplier } from './separable';
import { hashModel, writeLayersModel } from './storedModel';
import { withoutTape } from './tape';

/** A model cut at some taps: each name's position among the outputs. */
interface Cut {
  model: tf.LayersModel;
  positions: ReadonlyMap<string, number>;
}

const variableOf = (weight: tf.LayerVariable): tf.Variable => weight.read() as tf.Variable;

const named = (weights: readonly tf.LayerVariable[], reference: string): Map<string, tf.Variable> => {
  const variables = new Map(weights.map((weight) => [weight.originalName, variableOf(weight)]));
  if (variables.size === weights.length) return variables;
  const names = weights.map((weight) => weight.originalName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  throw new Failed(
    'modelInvalid',
    `Two layers of ${reference} store a weight under the same name, ${twice}.`,
    'Give the layers different names, also those of nested models.',
  );
};

const innerLayers = (model: tf.LayersModel): tf.layers.Layer[] =>
  functionalPart(model).layers.flatMap((layer) =>
    layer instanceof tf.LayersModel ? innerLayers(layer) : [layer],
  );

/** A tfjs layers model as a {@link Network}. */
class LayersNetwork implements Network {
  readonly info: ModelInfo;
  readonly beyondTfjs: readonly string[];
  readonly trainable: ReadonlyMap<string, tf.Variable>;
  readonly statistics: ReadonlyMap<string, tf.Variable>;
  private readonly all: ReadonlyMap<string, tf.Variable>;
  private readonly topology: string;
  private readonly described: Described;
  private readonly values: InputValues;
  private readonly cuts = new Map<string, Cut>();

  constructor(
    private readonly model: tf.LayersModel,
    readonly input: InputOptions,
    origin: Origin,
  ) {
    const ofClass = (name: string) => innerLayers(model).filter((layer) => layer.getClassName() === name);
    ofClass('SeparableConv2D').forEach(keepDepthMultiplier);
    this.topology = JSON.stringify(model.toJSON(null, false));
    this.described = describeModel(model, origin);
    this.info = this.described.info;
    this.beyondTfjs = innerLayers(model).flatMap((layer) => kerasOnlyActivation(layer) ?? []);
    this.all = named(model.weights, origin.reference);
    this.trainable = named(model.trainableWeights, origin.reference);
    this.statistics = new Map([...this.all].filter(([name]) => !this.trainable.has(name)));
    this.values = new InputValues(this.info.inputShape, input);
    ofClass('BatchNormalization').forEach(speedUpBatchNorm);
    ofClass('Dropout').forEach(seedDropout);
  }

  forward(raw: tf.Tensor, { taps, training, logits = true }: PassOptions): Outputs {
    const { model, positions } = this.cut(logits ? ['logits', ...taps] : taps);
    const run = (): tf.Tensor[] =>
      tf.tidy(() => {
        const outputs = model.apply(this.values.normalise(raw), { training }) as tf.Tensor | tf.Tensor[];
        return Array.isArray(outputs) ? outputs : [outputs];
      });
    const outputs = training ? run() : withoutTape(run);
    const tap = (name: string): tf.Tensor => {
      const output = outputs[positions.get(name) ?? -1];
      if (output) return output;
      throw new Error(`${name} was not among the taps asked for.`);
    };
    return outputsOf(tap);
  }

  execution(): Execution {
    const execution = layersExecution(this.model, this.symbolic('logits'));
    return { ...execution, values: (raw) => execution.values(this.values.normalise(raw)) };
  }

  save(folder: string): Promise<void> {
    return writeLayersModel(folder, this.topology, this.all);
  }

  hash(): Promise<string> {
    return hashModel(this.topology, this.all);
  }

  dispose(): void {
    this.values.dispose();
    for (const variable of this.all.values()) if (!variable.isDisposed) variable.dispose();
  }

  private cut(taps: readonly string[]): Cut {
    const names = [...new Set(taps)];
    const key = names.join('\n');
    const known = this.cuts.get(key);
    if (known) return known;
    const outputs: tf.SymbolicTensor[] = [];
    const positions = new Map<string, number>();
    for (const name of names) {
      const symbolic = this.symbolic(name);
      if (!outputs.includes(symbolic)) outputs.push(symbolic);
      positions.set(name, outputs.indexOf(symbolic));
    }
    const made = { model: tf.model({ inputs: this.described.inputs, outputs }), positions };
    this.cuts.set(key, made);
    return made;
  }

  private symbolic(tap: string): tf.SymbolicTensor {
    const found = this.described.taps.get(tap);
    if (found) return found;
    throw new Failed(
      'pairMismatch',
      `${this.info.reference} has no layer named ${tap}.`,
      `Name one of its layers: ${this.info.taps.join(', ')}.`,
    );
  }
}

/** Takes over `model`: its weights live as long as the network. Throws `modelInvalid` or `modelUnsupported`. */
export const networkOf = (model: tf.LayersModel, input: InputOptions, origin: Origin): Network => {
  try {
    return new LayersNetwork(model, input, origin);
  } catch (error) {
    if (model.outputs.length > 0) for (const weight of model.weights) variableOf(weight).dispose();
    throw error;
  }
};
