import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { FrozenGraph, GraphValue } from './frozenNetwork';
import { firstSentence } from './layersFile';
import { onnxExecution } from './onnxExecution';
import { onnxMacs } from './onnxMacs';
import { asGraph, asMap, channelsLast, inputLayout, layoutsOf, type Layout } from './onnxLayout';
import { readOnnx, withOutputs, type OnnxGraph, type OnnxNode } from './onnxModel';
import {
  loadOnnxRuntime,
  type NodeTime,
  type OnnxBytes,
  type OnnxRuntime,
  type OnnxSession,
} from './onnxRuntime';
import { readWeightFiles } from './onnxWeightFiles';
import { OnnxWeights } from './onnxWeights';
import { probeGraph, samplewise } from './probeGraph';

interface Input {
  name: string;
  /** As onnxruntime names it. */
  type: keyof typeof converters;
  /** Without the batch dimension, as the graph takes it. */
  shape: number[];
}

const typeNames: Record<number, keyof typeof converters> = {
  1: 'float32',
  2: 'uint8',
  6: 'int32',
  7: 'int64',
};
const converters = {
  float32: (values: Float32Array) => values,
  uint8: (values: Float32Array) => Uint8Array.from(values),
  int32: (values: Float32Array) => Int32Array.from(values),
  int64: (values: Float32Array) => BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
};

const reexport = 'Export the network again, e.g. with torch.onnx.export.';

const inputOf = (graph: OnnxGraph, name: string): Input => {
  const stored = new Set(graph.initializer.map((tensor) => tensor.name));
  const inputs = graph.input.filter((value) => !stored.has(value.name));
  const [input] = inputs;
  if (!input || inputs.length > 1)
    throw new Failed(
      'modelUnsupported',
      `${name} has ${inputs.length} inputs; Retort distils models with one.`,
      'Use a model with a single input.',
    );
  const { elemType = 0, shape } = input.type?.tensorType ?? {};
  const lengths = (shape?.dim ?? []).slice(1).map(({ dimValue }) => dimValue ?? 0);
  const type = typeNames[elemType];
  if (!type)
    throw new Failed(
      'modelUnsupported',
      `The input of ${name} is of a type that is not fed.`,
      'Export it with a float32 input.',
    );
  if (lengths.length === 0 || lengths.some((length) => length < 1))
    throw new Failed(
      'modelUnsupported',
      `${name} leaves lengths of its input open: [${lengths.map((length) => (length < 1 ? '?' : length)).join(', ')}].`,
      'Export it with a fixed input size; the batch may stay open.',
    );
  return { name: input.name, type, shape: lengths };
};

const parse = (bytes: Uint8Array, name: string): OnnxGraph => {
  const graph = readOnnx(bytes);
  if (!graph)
    throw new Failed(
      'modelInvalid',
      `${name} is cut short or no ONNX model.`,
      'Download it or export it again.',
    );
  return graph;
};

/** The nodes that depend on the input. */
const computedNodes = (graph: OnnxGraph, input: string): OnnxNode[] => {
  const dependent = new Set([input]);
  return graph.node.filter((node) => {
    const isComputed = node.input.some((name) => dependent.has(name));
    if (isComputed) node.output.forEach((name) => dependent.add(name));
    return isComputed;
  });
};

/** A model's sessions, one for each set of outputs: onnxruntime merges operations where no one looks between. */
class Sessions {
  private readonly made = new Map<string, OnnxSession>();

  constructor(
    private readonly runtime: OnnxRuntime,
    private readonly model: OnnxBytes,
    private readonly graph: OnnxGraph,
    readonly name: string,
  ) {}

  for(names: readonly string[]): OnnxSession {
    const key = names.join('\n');
    const known = this.made.get(key);
    if (known) return known;
    try {
      const session = this.runtime.open({
        ...this.model,
        bytes: withOutputs(this.model.bytes, this.graph, names),
      });
      this.made.set(key, session);
      return session;
    } catch (error) {
      throw new Failed(
        'modelInvalid',
        `onnxruntime refuses ${this.name}: ${firstSentence(error)}.`,
        reexport,
        { cause: error },
      );
    }
  }

  /** What each node takes, in `passes` passes. */
  time(fed: Parameters<OnnxSession['run']>[0], passes: number): NodeTime[] {
    const names = this.graph.output.map(({ name }) => name);
    return this.runtime.timed(this.model, (session) => {
      for (let pass = 0; pass < passes; pass++) session.run(fed, names);
    });
  }

  dispose(): void {
    for (const session of this.made.values()) session.dispose();
    this.made.clear();
  }
}

type Run = FrozenGraph['run'];

/** What the graph is fed for `x`. */
const fedWith = ({ name, type }: Input, x: tf.Tensor, layout: Layout): Parameters<OnnxSession['run']>[0] => {
  const { values, dims } = tf.tidy(() => {
    const tensor = asGraph(x, layout);
    return { values: tensor.dataSync() as Float32Array, dims: tensor.shape };
  });
  return { name, type, values: converters[type](values), dims };
};

const runOf = (sessions: Sessions, input: Input, layouts: ReadonlyMap<string, Layout>): Run => {
  const own = layouts.get(input.name) ?? 'first';
  return (x, names) => {
    const found = sessions.for(names).run(fedWith(input, x, own), names);
    return found.map(({ values: numbers, dims }, index) =>
      tf.tidy(() =>
        asMap(tf.tensor(numbers, [...dims], 'float32'), layouts.get(names[index] ?? '') ?? 'first'),
      ),
    );
  };
};

const valuesOf = (
  computed: readonly OnnxNode[],
  weights: OnnxWeights,
  shapes: ReadonlyMap<string, number[]>,
): GraphValue[] =>
  computed.flatMap((node) => {
    const [name = ''] = node.output;
    const shape = shapes.get(name);
    if (!shape || shape.length === 0) return [];
    const parameters = weights.parametersOf(node);
    return [{ name, kind: node.opType, shape, parameters, macs: onnxMacs(node, { weights, shapes }) }];
  });

/** Of the outputs the last softmax of a vector, else the last vector, else the last; before its softmax. */
const logitsOf = (graph: OnnxGraph, outputs: readonly string[], shapes: ReadonlyMap<string, number[]>) => {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const vectors = outputs.filter((name) => shapes.get(name)?.length === 1);
  const softmax = vectors.findLast((name) => makers.get(name)?.opType === 'Softmax');
  const chosen = softmax ?? vectors.at(-1) ?? outputs.at(-1) ?? '';
  const maker = makers.get(chosen);
  const before = maker?.opType === 'Softmax' ? maker.input[0] : undefined;
  return { logits: before ?? chosen, softmaxRemoved: before !== undefined };
};

const reportOf = (graph: OnnxGraph): FrozenGraph['opening'] => {
  const used = new Set(graph.node.flatMap((node) => node.input));
  const names = graph.initializer.map((tensor) => tensor.name);
  const matched = names.filter((name) => used.has(name));
  return {
    read: names.length,
    matched: matched.length,
    missing: [],
    unexpected: names.filter((name) => !used.has(name)),
    ignored: [],
  };
};

const probe = (
  sessions: Sessions,
  run: Run,
  input: Input,
  computed: readonly OnnxNode[],
  outputs: readonly string[],
  layout: Layout,
) => {
  const all = computed.flatMap((node) => node.output.filter((name) => name !== ''));
  const { floats } = sessions.for(all);
  const names = all.filter((name) => floats.includes(name));
  try {
    return probeGraph(run, channelsLast(input.shape, layout), names, outputs);
  } catch (error) {
    throw new Failed(
      'modelUnsupported',
      `onnxruntime cannot run ${sessions.name}: ${firstSentence(error)}.`,
      reexport,
      { cause: error },
    );
  }
};

/**
 * Opens an ONNX model through onnxruntime: frozen, any inner value as a tap, maps channels last. Throws `modelInvalid`,
 * `modelUnsupported` (several inputs, open lengths) or `backendMissing` (no onnxruntime-node).
 */
export const loadOnnxFile = async (file: string): Promise<FrozenGraph> => {
  const name = basename(file);
  const bytes = new Uint8Array(await readFile(file));
  const graph = parse(bytes, name);
  const input = inputOf(graph, name);
  const weightFiles = await readWeightFiles(file, graph);
  const sessions = new Sessions(await loadOnnxRuntime(file), { bytes, weightFiles }, graph, name);
  try {
    const layout = input.shape.length === 3 ? inputLayout(input.shape) : 'last';
    const layouts = layoutsOf(graph.node, input.name, layout);
    const own = layouts.get(input.name) ?? 'first';
    const run = runOf(sessions, input, layouts);
    const outputs = graph.output.map((value) => value.name);
    const computed = computedNodes(graph, input.name);
    const { shapes, isPerSample } = probe(sessions, run, input, computed, outputs, layout);
    sessions.dispose();
    const weights = new OnnxWeights(graph, computed);
    const { logits, softmaxRemoved } = logitsOf(graph, outputs, shapes);
    const time = (x: tf.Tensor, passes: number) => sessions.time(fedWith(input, x, own), passes);
    return {
      name: name.replace(/\.onnx$/i, ''),
      format: 'onnx',
      inputShape: channelsLast(input.shape, layout),
      values: valuesOf(computed, weights, shapes),
      logits,
      softmaxRemoved,
      parameters: weights.parameters,
      opening: reportOf(graph),
      contents: [bytes, ...weightFiles.map(({ data }) => data)],
      outsideStep: true,
      run: isPerSample ? samplewise(run) : run,
      execution: () =>
        onnxExecution({ nodes: graph.node, weights, input: input.name, computed, shapes, logits, run, time }),
      dispose: () => sessions.dispose(),
    };
  } catch (error) {
    sessions.dispose();
    throw error;
  }
};
