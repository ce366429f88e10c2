import type * as tf from '@tensorflow/tfjs';
import type { Execution, ExecutionStep, ValueRef } from './execution';
import type { OnnxNode } from './onnxModel';
import type { OnnxWeights } from './onnxWeights';
import type { NodeTime } from './onnxRuntime';
import { onnxWindow } from './onnxWindow';

/** An ONNX graph and what is known of its computed nodes. */
export interface OnnxPass {
  /** All nodes of the file. */
  nodes: readonly OnnxNode[];
  weights: OnnxWeights;
  input: string;
  /** What depends on the input, each node after those that it reads. */
  computed: readonly OnnxNode[];
  /** The values that are float32 numbers, one row a sample. */
  shapes: ReadonlyMap<string, number[]>;
  logits: string;
  run(x: tf.Tensor, names: readonly string[]): tf.Tensor[];
  /** What each node took in each of `passes` passes over `x`. */
  time(x: tf.Tensor, passes: number): NodeTime[];
}

const views = new Set(['Identity', 'Dropout', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze']);

const inputStep: ExecutionStep = {
  layer: 'input',
  kind: 'Input',
  inputs: [],
  window: { size: [], stride: [] },
  isView: false,
  run: null,
};

/** onnxruntime counts the nodes that it keeps: constants become weights before. */
const countedNodes = (nodes: readonly OnnxNode[], times: readonly NodeTime[]): readonly OnnxNode[] | null =>
  [nodes, nodes.filter(({ opType }) => opType !== 'Constant')].find((counted) =>
    times.every(({ index, op }) => counted[index]?.opType === op),
  ) ?? null;

/** Milliseconds by step; null where the profile names other nodes than the file. */
const timesByStep = ({ nodes, computed }: OnnxPass, times: readonly NodeTime[]): (number[] | null)[] => {
  const counted = countedNodes(nodes, times);
  return [
    [],
    ...computed.map((node) => {
      const index = counted?.indexOf(node) ?? -1;
      const own = times.filter((time) => time.index === index).map(({ milliseconds }) => milliseconds);
      return own.length > 0 ? own : null;
    }),
  ];
};

/** An ONNX graph's nodes one by one. onnxruntime runs them only together, but tells what each of them took. */
export const onnxExecution = (pass: OnnxPass): Execution => {
  const { weights, input, computed, shapes } = pass;
  const refs = new Map<string, ValueRef>([[input, { step: 0, output: 0 }]]);
  computed.forEach((node, index) =>
    node.output.forEach((name, output) => refs.set(name, { step: index + 1, output })),
  );
  const stepOf = (node: OnnxNode): ExecutionStep => ({
    layer: shapes.get(node.output[0] ?? '')?.length ? (node.output[0] ?? null) : null,
    kind: node.opType,
    inputs: node.input.flatMap((name) => refs.get(name) ?? []),
    window: onnxWindow(node, weights),
    isView: views.has(node.opType),
    run: null,
  });
  return {
    steps: [inputStep, ...computed.map(stepOf)],
    result: refs.get(pass.logits) ?? { step: 0, output: 0 },
    weightArrays: weights.arrays,
    values: (x) => {
      const names = computed.map(({ output }) => output.filter((name) => shapes.has(name)));
      const found = pass.run(x, names.flat());
      let taken = 0;
      return [[x], ...names.map((own) => found.slice(taken, (taken += own.length)))];
    },
    times: (x, passes) => timesByStep(pass, pass.time(x, passes)),
  };
};
