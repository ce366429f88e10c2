import type * as tf from '@tensorflow/tfjs';
import type { Execution, ExecutionStep, ValueRef } from './execution';
import type { GraphNode, GraphNodes } from './graphNodes';
import { graphWindow } from './graphWindow';

/** Computes named values from named others; nodes between them are computed, too. */
type Execute = (given: Record<string, tf.Tensor>, names: readonly string[]) => tf.Tensor[];

/** A graph and what is known of its computed nodes. */
export interface GraphPass {
  nodes: GraphNodes;
  /** The placeholder. */
  input: { name: string; dtype: 'float32' | 'int32' };
  /** What depends on the input, each node after those that it reads. */
  computed: readonly GraphNode[];
  /** The nodes that are layers. */
  layers: ReadonlySet<string>;
  logits: string;
  weightArrays: number;
  execute: Execute;
}

const views = new Set(['Identity', 'StopGradient', 'Snapshot', 'Reshape', 'Squeeze', 'ExpandDims']);

/** A value's node and which of its outputs: `name:1`. */
const outputOf = (name: string): number => Number(/:(\d+)$/.exec(name)?.[1] ?? 0);
const valueName = (node: string, output: number): string => (output === 0 ? node : `${node}:${output}`);

/** How many outputs of each node are read. */
const outputCounts = (computed: readonly GraphNode[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const input of computed.flatMap((node) => node.input ?? [])) {
    const name = input.replace(/:\d+$/, '');
    counts.set(name, Math.max(counts.get(name) ?? 1, outputOf(input) + 1));
  }
  return counts;
};

const namesOf = (node: string, count: number): string[] =>
  Array.from({ length: count }, (_, output) => valueName(node, output));

/** The computed values that a node reads, as it names them. */
const readsOf = (node: GraphNode, positions: ReadonlyMap<string, number>): [string, ValueRef][] =>
  (node.input ?? []).flatMap((input): [string, ValueRef][] => {
    const step = positions.get(input.replace(/:\d+$/, ''));
    return step === undefined || input.startsWith('^') ? [] : [[input, { step, output: outputOf(input) }]];
  });

/** tfjs takes one output of a node from outside; a node that reads several of one is not run by itself. */
const readsOneOutputEach = (reads: readonly [string, ValueRef][]): boolean => {
  const byStep = new Map(reads.map(([, { step, output }]) => [step, output]));
  return reads.every(([, { step, output }]) => byStep.get(step) === output);
};

const inputStep: ExecutionStep = {
  layer: 'input',
  kind: 'Placeholder',
  inputs: [],
  window: { size: [], stride: [] },
  isView: false,
  run: null,
};

/** A frozen graph's nodes one by one. */
export const graphExecution = (pass: GraphPass): Execution => {
  const { nodes, input, computed, layers, execute } = pass;
  const positions = new Map(
    [input.name, ...computed.map(({ name }) => name)].map((name, step) => [name, step]),
  );
  const counts = outputCounts(computed);
  const outputsOf = ({ name }: GraphNode): string[] => namesOf(name, counts.get(name) ?? 1);
  const stepOf = (node: GraphNode): ExecutionStep => {
    const reads = readsOf(node, positions);
    const run = (given: readonly tf.Tensor[]): tf.Tensor[] =>
      execute(
        Object.fromEntries(reads.map(([name], index) => [name, given[index] as tf.Tensor])),
        outputsOf(node),
      );
    return {
      layer: layers.has(node.name) ? node.name : null,
      kind: node.op,
      inputs: reads.map(([, ref]) => ref),
      window: graphWindow(nodes, node),
      isView: views.has(node.op),
      run: readsOneOutputEach(reads) ? run : null,
    };
  };
  return {
    steps: [inputStep, ...computed.map(stepOf)],
    result: { step: positions.get(pass.logits) ?? 0, output: 0 },
    weightArrays: pass.weightArrays,
    values: (x) => {
      const fed = x.cast(input.dtype);
      const names = computed.map(outputsOf);
      const found = execute({ [input.name]: fed }, names.flat());
      let taken = 0;
      return [[fed], ...names.map((own) => found.slice(taken, (taken += own.length)))];
    },
  };
};
