import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { Execution } from './execution';
import type { FrozenGraph } from './frozenNetwork';
import { graphExecution } from './graphExecution';
import { computedNodes, countOf, logitsOf, valuesOf, weightsOf } from './graphFile';
import { GraphNodes, type GraphNode } from './graphNodes';
import type { InlinedGraph } from './inlineFunctions';
import { firstSentence } from './layersFile';
import { probeGraph, samplewise, type ProbedGraph } from './probeGraph';
import { lengthsOf, readAttribute, type StoredGraph, type StoredNode } from './savedModelFormat';
import type { SavedModelSession } from './savedModelSession';

/** What is known of a SavedModel before it runs. */
export interface OpenedSavedModel {
  name: string;
  graph: StoredGraph;
  /** Shape without the batch dimension; type as TensorFlow numbers it. */
  input: { name: string; type: number; shape: number[] };
  /** Of the signature: its word for each output, and the value in the stored graph. */
  outputs: { key: string; source: string }[];
  otherSignatures: string[];
  contents: Uint8Array[];
}

type Run = FrozenGraph['run'];
type Entry = tf.io.WeightsManifestEntry;

const float32 = 1;
const int32 = 3;
/** Operations that hold a variable. */
export const variableKinds: ReadonlySet<string> = new Set(['VarHandleOp', 'VariableV2', 'Variable']);
/** Float in, something else out. */
const unlike = /^(Shape|ShapeN|Size|Rank|ArgMax|ArgMin|Equal|NotEqual|Greater|Less|IsNan|IsInf|IsFinite)/;

const named = new Set(['data_format', 'padding']);

/** A node as graph-models spell it, so that they are counted in one way. */
const plainNode = ({ name, op, input, attr }: StoredNode): GraphNode => ({
  name,
  op,
  input,
  attr: Object.fromEntries(
    Object.entries(attr)
      .filter(([, bytes]) => bytes.length < 4096)
      .map(([key, bytes]) => {
        const { s, ...rest } = readAttribute(bytes);
        return [key, { ...rest, ...(s && named.has(key) ? { s: Buffer.from(s).toString() } : {}) }];
      }),
  ),
});

/** Null for what holds no float32 weights. */
const entryOf = ({ name, attr }: StoredNode): Entry | null => {
  const { type } = readAttribute(attr['dtype']);
  const shape = lengthsOf(
    readAttribute(attr['shape']).shape ?? readAttribute(attr['value']).tensor?.tensorShape,
  );
  return type === float32 ? { name, dtype: 'float32', shape: shape ?? [] } : null;
};

/** A graph's variables; of one that was frozen, its constants. */
const weightEntries = (nodes: readonly StoredNode[]): Entry[] => {
  const stored = nodes.filter(({ op }) => variableKinds.has(op));
  const kept = stored.length > 0 ? stored : nodes.filter(({ op }) => op === 'Const');
  const entries = kept.flatMap((node) => entryOf(node) ?? []);
  return stored.length > 0 ? entries : entries.filter(({ shape }) => shape.length > 0);
};

const isCandidate = ({ op, attr }: StoredNode): boolean => {
  const { type } = readAttribute(attr['T'] ?? attr['dtype'] ?? attr['DstT']);
  return !unlike.test(op) && (type === float32 || op === 'While' || op === 'If');
};

const runOf =
  (session: SavedModelSession, { input }: OpenedSavedModel, sourceOf: (name: string) => string): Run =>
  (x, names) =>
    session.run([{ name: input.name, tensor: x, type: input.type }], names.map(sourceOf));

/**
 * Only float32 values can be tapped, and types are known only once a value is there. Throws TensorFlow's error where not
 * even the outputs can be had.
 */
const floats = (
  run: Run,
  shape: readonly number[],
  names: readonly string[],
  outputs: readonly string[],
): string[] =>
  tf.tidy(() => {
    const x = tf.zeros([1, ...shape]);
    run(x, outputs);
    const isFloat = (name: string): boolean => {
      try {
        return run(x, [name])[0]?.dtype === 'float32';
      } catch {
        return false;
      }
    };
    try {
      const found = run(x, names);
      return names.filter((_, index) => found[index]?.dtype === 'float32');
    } catch {
      return names.filter(isFloat);
    }
  });

/** All names that can be tapped, and the shapes of their values. */
const tryValues = (
  run: Run,
  { input, name }: OpenedSavedModel,
  names: readonly string[],
  outputs: readonly string[],
): ProbedGraph => {
  try {
    const found = floats(run, input.shape, names, outputs);
    return probeGraph(run, input.shape, [...new Set([...found, ...outputs])], outputs);
  } catch (error) {
    throw explained(error, name);
  }
};

const explained = (error: unknown, name: string): Failed => {
  const reason = firstSentence(error).replace(/^Session fail to run with error: /, '');
  const variable = /^Could not find variable (\S+)/.exec(reason)?.[1];
  if (variable === undefined)
    return new Failed(
      'modelUnsupported',
      `TensorFlow cannot run ${name}: ${reason}.`,
      'Export the network for inference, with float32 inputs of a fixed size.',
      { cause: error },
    );
  return new Failed(
    'modelInvalid',
    `${name} was saved without the values of ${variable}, as tf.saved_model.save does to Keras 3 models.`,
    'Save the model with model.export("folder").',
    { cause: error },
  );
};

const mostNamed = 3;

/** Few by name; an optimizer's state by its number. */
const unneeded = (entries: readonly Entry[]): string[] =>
  entries.length <= mostNamed
    ? entries.map(({ name }) => `${name}, which no output needs`)
    : [`${entries.length} variables that no output needs, e.g. ${entries[0]?.name}`];

const reportOf = (
  { otherSignatures }: OpenedSavedModel,
  all: readonly Entry[],
  used: ReadonlySet<string>,
  note: string[],
): FrozenGraph['opening'] => ({
  read: all.length,
  matched: all.filter(({ name }) => used.has(name)).length,
  missing: [],
  unexpected: [],
  ignored: [
    ...note,
    ...otherSignatures.map((name) => `the signature ${name}`),
    ...unneeded(all.filter(({ name }) => !used.has(name))),
  ],
});

const common = (
  session: SavedModelSession,
  opened: OpenedSavedModel,
  run: Run,
  { isPerSample }: ProbedGraph,
) => ({
  name: opened.name,
  format: 'saved-model' as const,
  inputShape: opened.input.shape,
  contents: opened.contents,
  outsideStep: true,
  run: isPerSample ? samplewise(run) : run,
  dispose: () => session.dispose(),
});

/** Values that tfjs cannot hand back as they are, and operations that run only as part of their graph. */
const isWholeOnly = ({ op, attr }: GraphNode): boolean =>
  /^(Stateless)?(While|If|Case|For)$/.test(op) ||
  Object.values(attr ?? {}).some((value) => (value as { type?: number }).type === int64);

const int64 = 9;

/** With the functions written out: every float32 value that depends on the input is a tap. */
export const inlinedGraph = (
  session: SavedModelSession,
  opened: OpenedSavedModel,
  inlined: InlinedGraph,
): FrozenGraph => {
  const stored = [...opened.graph.nodes, ...inlined.added];
  const entries = weightEntries(stored);
  const nodes = new GraphNodes(stored.map(plainNode), entries);
  const computed = computedNodes(nodes, nodes.inOrder(inlined.outputs));
  const run = runOf(session, opened, (name) => name);
  const candidates = new Set(stored.filter(isCandidate).map(({ name }) => name));
  const names = computed.flatMap(({ name }) => (candidates.has(name) ? [name] : []));
  const found = tryValues(run, opened, names, inlined.outputs);
  const weights = weightsOf(nodes, computed);
  const all = [...weights.values()].flat();
  const values = valuesOf(nodes, computed, found.shapes, weights);
  const { logits, softmaxRemoved } = logitsOf(nodes, inlined.outputs, found.shapes);
  const steps = { nodes, computed, logits, weightArrays: all.length, values };
  return {
    ...common(session, opened, run, found),
    values,
    logits,
    softmaxRemoved,
    parameters: countOf(all),
    opening: reportOf(opened, entries, new Set(all.map(({ name }) => name)), []),
    ...(computed.some(isWholeOnly) ? {} : { execution: () => executionOf(session, opened, steps) }),
  };
};

interface Steps {
  nodes: GraphNodes;
  computed: readonly GraphNode[];
  logits: string;
  weightArrays: number;
  values: FrozenGraph['values'];
}

/** Node by node: a session computes any value from any others. */
const executionOf = (
  session: SavedModelSession,
  { input: { name, type } }: OpenedSavedModel,
  { values, ...steps }: Steps,
): Execution => {
  const typeOf = (value: string, { dtype }: tf.Tensor): number =>
    value === name ? type : dtype === 'float32' ? float32 : int32;
  return graphExecution({
    ...steps,
    input: { name, dtype: type === float32 ? 'float32' : 'int32' },
    layers: new Set(values.map((value) => value.name)),
    execute: (given, wanted) =>
      session.run(
        Object.entries(given).map(([value, tensor]) => ({
          name: value,
          tensor,
          type: typeOf(value, tensor),
        })),
        wanted,
      ),
  });
};

/** As the signature has it: its outputs are the taps, and what is counted belongs to the first. */
export const outputGraph = (
  session: SavedModelSession,
  opened: OpenedSavedModel,
  reason: string,
): FrozenGraph => {
  const sources = new Map(opened.outputs.map(({ key, source }) => [key, source]));
  const run = runOf(session, opened, (name) => sources.get(name) ?? name);
  const keys = [...sources.keys()];
  const found = tryValues(run, opened, keys, keys);
  const entries = weightEntries(opened.graph.nodes);
  const nodes = new GraphNodes(opened.graph.nodes.map(plainNode), entries);
  const needed = new Set(nodes.inOrder([...sources.values()]).map(({ name }) => name));
  const used = entries.filter(({ name }) => needed.has(name));
  const parameters = countOf(used);
  const note = `the values between input and outputs, which cannot be tapped: ${reason}`;
  return {
    ...common(session, opened, run, found),
    values: [...found.shapes].map(([name, shape], index) => ({
      name,
      kind: 'Output',
      shape,
      parameters: index === 0 ? parameters : 0,
      macs: null,
    })),
    logits: keys.findLast((key) => found.shapes.get(key)?.length === 1) ?? keys.at(-1) ?? '',
    softmaxRemoved: false,
    parameters,
    opening: reportOf(opened, entries, new Set(used.map(({ name }) => name)), [note]),
  };
};
