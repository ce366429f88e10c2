import type * as tf from '@tensorflow/tfjs';

/** A node of a TensorFlow graph as tfjs stores it. */
export interface GraphNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}

/** A node's name without the number of its output. */
const nodeName = (input: string): string => input.replace(/^\^/, '').replace(/:\d+$/, '');

const passed = new Set(['Identity', 'StopGradient', 'Snapshot']);

/** A graph's nodes by name, with questions to them. */
export class GraphNodes {
  private readonly byName: ReadonlyMap<string, GraphNode>;
  private readonly constants: ReadonlyMap<string, tf.io.WeightsManifestEntry>;

  private readonly fixed = new Map<GraphNode, boolean>();

  constructor(
    readonly nodes: readonly GraphNode[],
    constants: readonly tf.io.WeightsManifestEntry[],
  ) {
    this.byName = new Map(nodes.map((node) => [node.name, node]));
    this.constants = new Map(constants.map((entry) => [entry.name, entry]));
  }

  get(name: string): GraphNode | undefined {
    return this.byName.get(nodeName(name));
  }

  inputsOf(node: GraphNode): GraphNode[] {
    return (node.input ?? []).flatMap((input) => (input.startsWith('^') ? [] : (this.get(input) ?? [])));
  }

  /** The nodes that no other reads. */
  ends(): string[] {
    const read = new Set(this.nodes.flatMap((node) => (node.input ?? []).map(nodeName)));
    return this.nodes.filter(({ name, op }) => !read.has(name) && op !== 'NoOp').map(({ name }) => name);
  }

  /** What `ends` need, each node after its inputs. */
  inOrder(ends: readonly string[]): GraphNode[] {
    const ordered = new Set<GraphNode>();
    const entered = new Set<GraphNode>();
    const stack = ends.flatMap((name) => this.get(name) ?? []).reverse();
    for (let node = stack.at(-1); node; node = stack.at(-1)) {
      const waiting = entered.has(node) ? [] : this.inputsOf(node).filter((input) => !entered.has(input));
      entered.add(node);
      if (waiting.length > 0) stack.push(...waiting.reverse());
      else ordered.add(stack.pop() as GraphNode);
    }
    return [...ordered];
  }

  /** The node behind nodes that only hand a value on. */
  behind(name: string): GraphNode | undefined {
    const node = this.get(name);
    const [input] = node?.input ?? [];
    return node && input && passed.has(node.op) ? this.behind(input) : node;
  }

  /** The stored constants that a node reads, also through nodes that do not depend on the input. */
  constantsOf(node: GraphNode): tf.io.WeightsManifestEntry[] {
    return this.inputsOf(node).flatMap((input) => {
      const stored = this.constants.get(input.name);
      if (stored) return stored;
      return this.isFixed(input) ? this.constantsOf(input) : [];
    });
  }

  /** True for nodes that give the same values whatever the input. */
  private isFixed(node: GraphNode): boolean {
    const known = this.fixed.get(node);
    if (known !== undefined) return known;
    this.fixed.set(node, false);
    const isFixed = node.op !== 'Placeholder' && this.inputsOf(node).every((input) => this.isFixed(input));
    this.fixed.set(node, isFixed);
    return isFixed;
  }

  isPassed(node: GraphNode): boolean {
    return passed.has(node.op);
  }
}
