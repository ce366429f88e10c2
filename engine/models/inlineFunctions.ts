import { readAttribute, type StoredFunction, type StoredGraph, type StoredNode } from './savedModelFormat';

/** Thrown for graphs whose functions cannot be written out; the message is the reason, as a person would say it. */
export class NotInlinable extends Error {}

/** A signature's graph without calls of functions. */
export interface InlinedGraph {
  /** Copies to be added to the stored nodes, under names of their own. */
  added: StoredNode[];
  /** What each of the outputs asked for is now called: `node` or `node:1`. */
  outputs: string[];
}

/** Outputs of operations that have several of different names, in their order (TensorFlow's operation definitions). */
const outputNames: Record<string, readonly string[]> = {
  FusedBatchNorm: ['y', 'batch_mean', 'batch_variance', 'reserve_space_1', 'reserve_space_2'],
  TopK: ['values', 'indices'],
  Unique: ['y', 'idx', 'count'],
  MaxPoolWithArgmax: ['output', 'argmax'],
  SoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  SparseSoftmaxCrossEntropyWithLogits: ['loss', 'backprop'],
  NonMaxSuppressionV4: ['selected_indices', 'valid_outputs'],
  NonMaxSuppression: ['selected_indices', 'selected_scores', 'valid_outputs'],
  CombinedNonMaxSuppression: ['nmsed_boxes', 'nmsed_scores', 'nmsed_classes', 'valid_detections'],
  ListDiff: ['out', 'idx'],
};

/** Which output of an operation a function's `output:index` is; versions of one operation mostly agree. */
const flatIndex = (op: string, output: string, index: number): number => {
  const names = outputNames[op] ?? outputNames[op.replace(/V\d+$/, '')];
  return (names ? Math.max(0, names.indexOf(output)) : 0) + index;
};

const sourceOf = (name: string, index: number): string => (index === 0 ? name : `${name}:${index}`);

const calls = new Set(['PartitionedCall', 'StatefulPartitionedCall']);
const deepest = 64;

class Inliner {
  readonly added: StoredNode[] = [];
  private readonly main: ReadonlyMap<string, StoredNode>;
  private readonly names: Set<string>;
  private readonly resolved = new Map<string, string[] | string>();

  constructor(private readonly graph: StoredGraph) {
    this.main = new Map(graph.nodes.map((node) => [node.name, node]));
    this.names = new Set(this.main.keys());
  }

  /** A value of the stored graph; a copy where anything before it is a call. */
  source(name: string): string {
    const [node = '', index = '0'] = name.split(':');
    const found = this.mainNode(node);
    return typeof found === 'string' ? sourceOf(found, Number(index)) : (found[Number(index)] ?? '');
  }

  /** A node's new name, or the sources of a call's outputs. */
  private mainNode(name: string): string[] | string {
    const known = this.resolved.get(name);
    if (known !== undefined) return known;
    const node = this.main.get(name);
    if (!node) throw new NotInlinable(`the node ${name} is not in the graph`);
    const inputs = dataInputs(node).map((input) => this.source(input));
    const called = this.calledBy(node);
    const isSame = inputs.every((input, index) => input === canonical(dataInputs(node)[index] ?? ''));
    const result = called
      ? this.call(called, inputs, 1)
      : isSame
        ? name
        : this.add({ ...node, input: inputs });
    this.resolved.set(name, result);
    return result;
  }

  /** The function that a node calls. */
  calledBy({ op, attr }: StoredNode): StoredFunction | undefined {
    const name = calls.has(op) ? (readAttribute(attr['f']).func?.name ?? '') : op;
    return this.graph.functions.get(name);
  }

  private add(node: StoredNode): string {
    const placeholder = Object.values(node.attr).find((bytes) => readAttribute(bytes).placeholder);
    if (placeholder) throw new NotInlinable('a function leaves a type open');
    let name = node.name;
    for (let count = 1; this.names.has(name); count++) name = `${node.name}_${count}`;
    this.names.add(name);
    this.added.push({ ...node, name });
    return name;
  }

  /** Writes a function's body out; gives the sources of its outputs. */
  private call(body: StoredFunction, inputs: readonly string[], depth: number): string[] {
    if (depth > deepest) throw new NotInlinable('a function calls itself');
    const scope = new Scope(body, inputs);
    for (const node of neededNodes(body)) {
      const sources = dataInputs(node).map((input) => scope.source(input));
      const called = this.calledBy(node);
      if (called) scope.set(node, called, this.call(called, sources, depth + 1));
      else scope.set(node, null, [this.add({ ...node, input: sources })]);
    }
    return body.signature.outputArg.map(({ name }) => scope.source(body.ret[name] ?? ''));
  }
}

/** Values within one call of a function. */
class Scope {
  private readonly values = new Map<string, string>();
  private readonly nodes = new Map<
    string,
    { node: StoredNode; called: StoredFunction | null; sources: string[] }
  >();

  constructor({ signature }: StoredFunction, inputs: readonly string[]) {
    signature.inputArg.forEach(({ name }, index) => this.values.set(name, inputs[index] ?? ''));
  }

  set(node: StoredNode, called: StoredFunction | null, sources: string[]): void {
    this.nodes.set(node.name, { node, called, sources });
  }

  source(name: string): string {
    const [first = '', output = '', index = '0'] = name.split(':');
    const argument = this.values.get(first);
    if (argument !== undefined) return argument;
    const found = this.nodes.get(first);
    if (!found) throw new NotInlinable(`the value ${name} is not in its function`);
    const { node, called, sources } = found;
    if (!called) return sourceOf(sources[0] ?? '', flatIndex(node.op, output, Number(index)));
    const named = called.signature.outputArg.findIndex((argument) => argument.name === output);
    return sources[calls.has(node.op) ? Number(index) : named] ?? '';
  }
}

const canonical = (input: string): string => input.replace(/:0$/, '');
const dataInputs = ({ input }: StoredNode): string[] => input.filter((name) => !name.startsWith('^'));

/** A function's nodes that its outputs need, each after those that it reads. */
const neededNodes = ({ nodeDef, ret }: StoredFunction): StoredNode[] => {
  const byName = new Map(nodeDef.map((node) => [node.name, node]));
  const nodeOf = (input: string): StoredNode | undefined => byName.get(input.split(':', 1)[0] ?? '');
  const ordered = new Set<StoredNode>();
  const entered = new Set<StoredNode>();
  const stack = Object.values(ret).flatMap((value) => nodeOf(value) ?? []);
  for (let node = stack.at(-1); node; node = stack.at(-1)) {
    const waiting = entered.has(node)
      ? []
      : dataInputs(node)
          .flatMap((input) => nodeOf(input) ?? [])
          .filter((input) => !ordered.has(input));
    entered.add(node);
    if (waiting.length > 0) stack.push(...waiting);
    else ordered.add(stack.pop() as StoredNode);
  }
  return [...ordered];
};

/**
 * Writes the bodies of all functions that `outputs` (`node:0`) depend on into the graph itself, so that every value
 * inside can be asked for. Control inputs are dropped: what a forward pass does not need is not done.
 *
 * @throws NotInlinable
 */
export const inlineFunctions = (graph: StoredGraph, outputs: readonly string[]): InlinedGraph => {
  const inliner = new Inliner(graph);
  const hasCalls = graph.nodes.some((node) => inliner.calledBy(node) !== undefined);
  const sources = outputs.map((name) => (hasCalls ? inliner.source(name) : canonical(name)));
  return { added: inliner.added, outputs: sources };
};
