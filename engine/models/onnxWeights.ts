import type { OnnxGraph, OnnxNode, OnnxTensor } from './onnxModel';

const floats = new Set([1, 10, 11, 16]);
const bytes = new Set([2, 3]);

/** Operations whose constants are weights, even where the file writes them as constants of its code. */
const weighing = /Conv|Gemm|MatMul|Normalization|LSTM|GRU|RNN|PRelu/;

/** Numbers that were trained: floats, or bytes that stand for them. */
const isWeight = ({ dataType, dims }: OnnxTensor): boolean =>
  floats.has(dataType) || (bytes.has(dataType) && dims.length > 1);

const size = ({ dims }: OnnxTensor): number => dims.reduce((product, length) => product * length, 1);

/** What a graph knows before it gets an input. */
export class OnnxWeights {
  private readonly stored: ReadonlyMap<string, OnnxTensor>;
  private readonly makers: ReadonlyMap<string, OnnxNode>;
  private readonly counted = new Map<OnnxNode, OnnxTensor[]>();

  /** `computed`: the nodes that depend on the input. */
  constructor(graph: OnnxGraph, computed: readonly OnnxNode[]) {
    this.stored = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    const dependent = new Set(computed);
    const fixed = graph.node.filter((node) => !dependent.has(node));
    this.makers = new Map(fixed.flatMap((node) => node.output.map((name) => [name, node] as const)));
    const seen = new Set<OnnxTensor>();
    for (const node of computed)
      this.counted.set(
        node,
        this.weightsOf(node).filter((tensor) => !seen.has(tensor) && seen.add(tensor)),
      );
  }

  /** The largest tensor behind a value; undefined for one that depends on the input. */
  get(value: string): OnnxTensor | undefined {
    return this.behind(value).reduce<OnnxTensor | undefined>(
      (largest, tensor) => (largest && size(largest) >= size(tensor) ? largest : tensor),
      undefined,
    );
  }

  /** Of the weights that a node is the first to read. */
  parametersOf(node: OnnxNode): number {
    return (this.counted.get(node) ?? []).reduce((sum, tensor) => sum + size(tensor), 0);
  }

  get parameters(): number {
    return [...this.counted.keys()].reduce((sum, node) => sum + this.parametersOf(node), 0);
  }

  get arrays(): number {
    return [...this.counted.values()].flat().length;
  }

  private weightsOf(node: OnnxNode): OnnxTensor[] {
    return node.input
      .flatMap((name) => this.behind(name))
      .filter((tensor) => isWeight(tensor) && (this.stored.has(tensor.name) || weighing.test(node.opType)));
  }

  private behind(value: string): OnnxTensor[] {
    const stored = this.stored.get(value);
    if (stored) return [stored];
    const maker = this.makers.get(value);
    if (!maker) return [];
    const written = maker.attribute.flatMap(({ t }) => t ?? []);
    return [...written, ...maker.input.flatMap((name) => this.behind(name))];
  }
}
