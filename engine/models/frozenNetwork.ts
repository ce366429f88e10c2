import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { LayerInfo, ModelInfo, OpeningReport } from '../contract/model';
import type { InputOptions } from '../contract/data';
import type { Execution } from './execution';
import { InputValues } from './inputValues';
import { outputsOf, type Network, type Outputs, type PassOptions } from './network';
import { withoutTape } from './tape';

/** One value that a frozen graph computes, in order of execution. */
export interface GraphValue {
  name: string;
  /** The operation that makes it, e.g. `Conv2D`. */
  kind: string;
  /** Without the batch dimension, channels last. */
  shape: number[];
  parameters: number;
  /** Null where they are not known. */
  macs: number | null;
}

/** A graph with fixed weights, whatever computes it. */
export interface FrozenGraph {
  name: string;
  format: ModelInfo['format'];
  /** Without the batch dimension, channels last. */
  inputShape: number[];
  values: readonly GraphValue[];
  /** The value that the prediction comes from, before a softmax. */
  logits: string;
  softmaxRemoved: boolean;
  parameters: number;
  opening: OpeningReport;
  /** Hashed: everything that decides what is computed. */
  contents: readonly Uint8Array[];
  /** True where a pass cannot be recorded as part of a training step. */
  outsideStep: boolean;
  /** `x` [batch, ...inputShape] to the named values, batch first and channels last. */
  run(x: tf.Tensor, names: readonly string[]): tf.Tensor[];
  /** Its nodes one by one, on `x` as `run` takes it; absent where what computes it does not tell. */
  execution?(): Execution;
  dispose(): void;
}

const inputKind = 'InputLayer';

const layerOf = ({ name, kind, shape, parameters, macs }: GraphValue): LayerInfo => ({
  name,
  kind,
  shape,
  parameters,
  macs: macs ?? 0,
});

const describe = (graph: FrozenGraph, reference: string): ModelInfo => {
  const { values, logits } = graph;
  const uncounted = values.filter(({ macs }) => macs === null).map(({ name }) => name);
  const input = { name: 'input', kind: inputKind, shape: graph.inputShape, parameters: 0, macs: 0 };
  return {
    reference,
    name: graph.name,
    format: graph.format,
    inputShape: graph.inputShape,
    outputShape: values.find(({ name }) => name === logits)?.shape ?? [],
    softmaxRemoved: graph.softmaxRemoved,
    parameters: graph.parameters,
    macs: values.reduce((sum, { macs }) => sum + (macs ?? 0), 0),
    layers: [input, ...values.map(layerOf)],
    taps: [...values.filter(({ shape }) => shape.length > 0).map(({ name }) => name), 'logits'],
    ...(uncounted.length > 0 ? { uncounted } : {}),
    opening: graph.opening,
  };
};

/** A graph whose weights are constants: a teacher, or something to profile. */
class FrozenNetwork implements Network {
  readonly info: ModelInfo;
  readonly trainable: Network['trainable'] = new Map();
  readonly statistics: Network['statistics'] = new Map();
  readonly outsideStep: boolean;
  private readonly values: InputValues;

  constructor(
    private readonly graph: FrozenGraph,
    readonly input: InputOptions,
    reference: string,
  ) {
    this.info = describe(graph, reference);
    this.outsideStep = graph.outsideStep;
    this.values = new InputValues(graph.inputShape, input);
  }

  forward(raw: tf.Tensor, { taps, logits = true }: Omit<PassOptions, 'training'>): Outputs {
    const names = [...new Set(logits ? ['logits', ...taps] : taps)];
    const wanted = names.map((name) => this.valueNamed(name));
    const distinct = [...new Set(wanted)];
    const outputs = withoutTape(() => tf.tidy(() => this.graph.run(this.values.normalise(raw), distinct)));
    const tap = (name: string): tf.Tensor => {
      const output = outputs[distinct.indexOf(wanted[names.indexOf(name)] ?? '')];
      if (output) return output;
      throw new Error(`${name} was not among the taps asked for.`);
    };
    return outputsOf(tap);
  }

  execution(): Execution | null {
    const execution = this.graph.execution?.();
    if (!execution) return null;
    const { times } = execution;
    const timed: Execution['times'] = (raw, passes) => {
      const x = tf.tidy(() => this.values.normalise(raw));
      const found = times?.(x, passes) ?? [];
      if (x !== raw) x.dispose();
      return found;
    };
    return {
      ...execution,
      values: (raw) => execution.values(this.values.normalise(raw)),
      ...(times ? { times: timed } : {}),
    };
  }

  save(): Promise<void> {
    throw new Failed(
      'modelUnsupported',
      `${this.info.reference} is a frozen graph, which cannot be saved as a layers-model.`,
      'Use it as a teacher.',
    );
  }

  async hash(): Promise<string> {
    const hash = createHash('sha256');
    for (const part of this.graph.contents) hash.update(part);
    return hash.digest('hex');
  }

  dispose(): void {
    this.values.dispose();
    this.graph.dispose();
  }

  private valueNamed(tap: string): string {
    if (tap === 'logits') return this.graph.logits;
    if (this.info.taps.includes(tap)) return tap;
    throw new Failed(
      'pairMismatch',
      `${this.info.reference} has no layer named ${tap}.`,
      `Name one of its layers: ${this.info.taps.join(', ')}.`,
    );
  }
}

/** Takes over `graph`, which lives as long as the network. */
export const frozenNetworkOf = (graph: FrozenGraph, input: InputOptions, reference: string): Network => {
  try {
    return new FrozenNetwork(graph, input, reference);
  } catch (error) {
    graph.dispose();
    throw error;
  }
};
