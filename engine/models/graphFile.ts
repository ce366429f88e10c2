import { basename, dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { FrozenGraph, GraphValue } from './frozenNetwork';
import { graphExecution } from './graphExecution';
import { nodeMacs } from './graphMacs';
import { GraphNodes, type GraphNode } from './graphNodes';
import { firstSentence, manifestOf } from './layersFile';
import { probeGraph, samplewise } from './probeGraph';
import { readWeights, type StoredWeights } from './weightsManifest';

type Json = Record<string, unknown>;

interface Placeholder {
  name: string;
  /** Without the batch dimension; -1 where open. */
  shape: number[];
  dtype: 'float32' | 'int32';
}

const controlFlow =
  /^(Stateless)?(While|If)$|^(Switch|Merge|Enter|Exit|NextIteration|LoopCond|Where)$|^Tensor(Array|List)|^NonMaxSuppression/;

const useLayers =
  'Use the layers-model of the same network (tensorflowjs_converter --output_format=tfjs_layers_model).';

const lengthsOf = (attribute: unknown): number[] => {
  const { shape } = (attribute ?? {}) as { shape?: { dim?: { size?: unknown }[] } };
  return (shape?.dim ?? []).map(({ size }) => Number(size ?? 0));
};

/** TensorFlow's number or name of a type. */
const isFloat = (attribute: unknown): boolean => {
  const { type } = (attribute ?? {}) as { type?: unknown };
  return type === 1 || type === 'DT_FLOAT' || type === undefined;
};

const placeholderOf = (nodes: readonly GraphNode[], name: string): Placeholder => {
  const inputs = nodes.filter(({ op }) => op === 'Placeholder');
  const [input] = inputs;
  if (!input || inputs.length > 1)
    throw new Failed(
      'modelUnsupported',
      `The graph-model ${name} has ${inputs.length} inputs; Retort distils models with one.`,
      'Use a model with a single input.',
    );
  const [, ...shape] = lengthsOf(input.attr?.shape);
  if (shape.length === 0 || shape.some((length) => length < 1))
    throw new Failed(
      'modelUnsupported',
      `The graph-model ${name} leaves lengths of its input open: [${shape.map((length) => (length < 1 ? '?' : length)).join(', ')}].`,
      'Convert the model again with a fixed input, e.g. [32, 32, 3].',
    );
  return { name: input.name, shape, dtype: isFloat(input.attr?.dtype) ? 'float32' : 'int32' };
};

/** In the order of the signature, where there is one. */
const outputsOf = (json: Json, nodes: GraphNodes): string[] => {
  const metadata = json.userDefinedMetadata as { signature?: unknown } | undefined;
  const signature = (json.signature ?? metadata?.signature) as
    { outputs?: Record<string, { name?: string }> } | undefined;
  const named = Object.entries(signature?.outputs ?? {}).map(([key, { name }]) => name ?? key);
  const found = named.flatMap((name) => nodes.get(name)?.name ?? []);
  return found.length > 0 ? found : nodes.ends();
};

const refuseControlFlow = (ordered: readonly GraphNode[], name: string): void => {
  const node = ordered.find(({ op }) => controlFlow.test(op));
  if (!node) return;
  throw new Failed(
    'modelUnsupported',
    `The graph-model ${name} decides while it runs what it computes (${node.op}), so it cannot be run as one pass.`,
    'Convert the network without its post-processing or loops.',
  );
};

/** tfjs insists on the batch that a placeholder names; a graph made for one sample often takes any number. */
const withOpenBatch = (nodes: readonly GraphNode[]): GraphNode[] =>
  nodes.map((node) => {
    if (node.op !== 'Placeholder') return node;
    const [, ...dim] = lengthsOf(node.attr?.shape);
    const open = { shape: { dim: [-1, ...dim].map((size) => ({ size: String(size) })) } };
    return { ...node, attr: { ...node.attr, shape: open } };
  });

const load = async (json: Json, nodes: GraphNodes, stored: StoredWeights, name: string) => {
  const modelTopology = { ...(json.modelTopology as object), node: withOpenBatch(nodes.nodes) };
  try {
    return await tf.loadGraphModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: stored.specs, weightData: stored.data }),
    );
  } catch (error) {
    throw new Failed(
      'modelInvalid',
      `${name} cannot be opened as a graph-model: ${firstSentence(error)}.`,
      useLayers,
      {
        cause: error,
      },
    );
  }
};

/** The values that depend on the input, each after those it reads. */
export const computedNodes = (nodes: GraphNodes, ordered: readonly GraphNode[]): GraphNode[] => {
  const dependent = new Set<GraphNode>();
  for (const node of ordered)
    if (node.op === 'Placeholder' || nodes.inputsOf(node).some((input) => dependent.has(input)))
      dependent.add(node);
  return [...dependent].filter((node) => node.op !== 'Placeholder');
};

const tryValues = (probe: () => ReturnType<typeof probeGraph>, name: string) => {
  try {
    return probe();
  } catch (error) {
    throw new Failed(
      'modelUnsupported',
      `TensorFlow.js cannot run the graph-model ${name}: ${firstSentence(error)}.`,
      useLayers,
      { cause: error },
    );
  }
};

const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** By node, the stored weights that it is the first to read. */
export const weightsOf = (
  nodes: GraphNodes,
  computed: readonly GraphNode[],
): ReadonlyMap<string, tf.io.WeightsManifestEntry[]> => {
  const counted = new Set<string>();
  const fresh = ({ name, dtype }: tf.io.WeightsManifestEntry): boolean =>
    dtype === 'float32' && !counted.has(name) && counted.add(name).size > 0;
  return new Map(computed.map((node) => [node.name, nodes.constantsOf(node).filter(fresh)]));
};

type Weights = ReturnType<typeof weightsOf>;

export const countOf = (entries: readonly tf.io.WeightsManifestEntry[]): number =>
  entries.reduce((sum, { shape }) => sum + size(shape), 0);

export const valuesOf = (
  nodes: GraphNodes,
  computed: readonly GraphNode[],
  shapes: ReadonlyMap<string, number[]>,
  weights: Weights,
): GraphValue[] =>
  computed.flatMap((node) => {
    const shape = shapes.get(node.name);
    if (nodes.isPassed(node) || !shape || shape.length === 0) return [];
    const parameters = countOf(weights.get(node.name) ?? []);
    const macs = nodeMacs(nodes, node, (name) => shapes.get(name));
    return [{ name: node.name, kind: node.op, shape, parameters, macs }];
  });

/** The prediction: of the outputs the last softmax of a vector, else the last vector, else the last; before its softmax. */
export const logitsOf = (
  nodes: GraphNodes,
  outputs: readonly string[],
  shapes: ReadonlyMap<string, number[]>,
) => {
  const vectors = outputs.filter((name) => shapes.get(name)?.length === 1);
  const softmax = vectors.findLast((name) => nodes.behind(name)?.op === 'Softmax');
  const chosen = softmax ?? vectors.at(-1) ?? outputs.at(-1) ?? '';
  const node = nodes.behind(chosen);
  const before = node?.op === 'Softmax' ? nodes.behind(node.input?.[0] ?? '') : undefined;
  return { logits: before?.name ?? node?.name ?? chosen, softmaxRemoved: before !== undefined };
};

/**
 * Opens a graph-model: frozen, any number of outputs, its inner nodes as taps. Throws `modelInvalid` (weights missing,
 * damaged) or `modelUnsupported` (several inputs, control flow, operations that tfjs lacks).
 */
export const loadGraphFile = async (file: string, json: Json): Promise<FrozenGraph> => {
  const name = basename(file);
  const manifest = manifestOf(json, name);
  const nodes = new GraphNodes(
    ((json.modelTopology as Json).node ?? []) as GraphNode[],
    manifest.flatMap(({ weights }) => weights) as tf.io.WeightsManifestEntry[],
  );
  const input = placeholderOf(nodes.nodes, name);
  const outputs = outputsOf(json, nodes);
  const ordered = nodes.inOrder(outputs);
  refuseControlFlow(ordered, name);
  const stored = await readWeights(manifest, file);
  const model = await load(json, nodes, stored, name);
  try {
    return frozenOf(model, { name, nodes, ordered, input, outputs }, stored, {
      name: name === 'model.json' ? basename(dirname(file)) : name.replace(/\.json$/i, ''),
      format: 'graph-model',
      contents: [Buffer.from(JSON.stringify(json.modelTopology)), new Uint8Array(stored.data)],
    });
  } catch (error) {
    model.dispose();
    throw error;
  }
};

interface Graph {
  /** Of the file. */
  name: string;
  nodes: GraphNodes;
  /** What the outputs need. */
  ordered: readonly GraphNode[];
  input: Placeholder;
  outputs: readonly string[];
}

const frozenOf = (
  model: tf.GraphModel,
  { name, nodes, ordered, input, outputs }: Graph,
  stored: StoredWeights,
  origin: Pick<FrozenGraph, 'name' | 'format' | 'contents'>,
): FrozenGraph => {
  const execute = (given: Record<string, tf.Tensor>, names: readonly string[]): tf.Tensor[] => {
    const found = model.execute(given, [...names]);
    return Array.isArray(found) ? found : [found];
  };
  const run = (x: tf.Tensor, names: readonly string[]): tf.Tensor[] =>
    execute({ [input.name]: x.cast(input.dtype) }, names);
  const computed = computedNodes(nodes, ordered);
  const names = computed.map((node) => node.name);
  const { shapes, isPerSample } = tryValues(() => probeGraph(run, input.shape, names, outputs), name);
  const weights = weightsOf(nodes, computed);
  const stored32 = [...weights.values()].flat();
  const values = valuesOf(nodes, computed, shapes, weights);
  const layers = new Set(values.map((value) => value.name));
  const { logits, softmaxRemoved } = logitsOf(nodes, outputs, shapes);
  return {
    ...origin,
    inputShape: input.shape,
    values,
    logits,
    softmaxRemoved,
    parameters: countOf(stored32),
    opening: reportOf(nodes, ordered, stored),
    outsideStep: isPerSample || ordered.some(({ op }) => op === 'Shape'),
    run: isPerSample ? samplewise(run) : run,
    execution: () =>
      graphExecution({ nodes, input, computed, layers, logits, weightArrays: stored32.length, execute }),
    dispose: () => model.dispose(),
  };
};

const reportOf = (
  nodes: GraphNodes,
  ordered: readonly GraphNode[],
  stored: StoredWeights,
): FrozenGraph['opening'] => {
  const read = new Set(ordered.map(({ name }) => name));
  const known = new Set(nodes.nodes.map(({ name }) => name));
  const all = stored.specs.map(({ name }) => name);
  return {
    read: all.length,
    matched: all.filter((name) => known.has(name)).length,
    missing: [],
    unexpected: all.filter((name) => !known.has(name)),
    ignored: all
      .filter((name) => known.has(name) && !read.has(name))
      .map((name) => `${name}, which no output needs`),
  };
};
