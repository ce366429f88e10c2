import type { Execution, ExecutionStep } from '../models/execution';

/** Channels of a value that were made together and can only be narrowed together. */
interface Segment {
  group: number;
  channels: number;
}

/** How much of a step's work is left when a group of channels is narrowed, from 0 to 1. */
export interface Narrowing {
  work: number;
  output: number;
}

/** The input's channels, the classes, and whatever is tied to them. */
const given = 0;

const maker = /^_?(Fused)?(Conv|Dense|SeparableConv|MatMul|Gemm|Embedding|LSTM|GRU|SimpleRNN|Bidirectional)/;
const joining = /^Concat/;

const sum = (segments: readonly Segment[], of: (segment: Segment) => number): number =>
  segments.reduce((total, segment) => total + of(segment), 0);

/** Which layers' channels belong together in a network: an addition ties what it adds. */
export class Widths {
  private readonly parents: number[] = [given];
  private readonly outputs: Segment[][] = [];
  private readonly made = new Map<number, number>();

  /** `channels`: of each step's output. */
  constructor(
    private readonly execution: Execution,
    channels: readonly number[],
  ) {
    execution.steps.forEach((step, index) =>
      this.outputs.push(this.segmentsOf(step, index, channels[index] ?? 1)),
    );
    for (const { group } of this.outputs[execution.result.step] ?? []) this.tie(group, given);
  }

  /** The groups that can be narrowed, each with the steps that make its channels. */
  groups(): Map<number, number[]> {
    const groups = new Map<number, number[]>();
    for (const [step, group] of this.made) {
      const root = this.root(group);
      if (root !== given) groups.set(root, [...(groups.get(root) ?? []), step]);
    }
    return groups;
  }

  /** What is left of a step when the channels of `group` are halved. */
  halved(group: number, index: number): Narrowing {
    const step = this.execution.steps[index];
    const output = this.left(this.outputs[index] ?? [], group);
    if (!step || !maker.test(step.kind)) return { work: output, output };
    return { work: output * this.left(this.inputsOf(step)[0] ?? [], group), output };
  }

  private left(segments: readonly Segment[], group: number): number {
    const all = sum(segments, ({ channels }) => channels);
    const halved = sum(segments, (one) => (this.root(one.group) === group ? one.channels / 2 : 0));
    return all > 0 ? 1 - halved / all : 1;
  }

  private inputsOf(step: ExecutionStep): Segment[][] {
    return step.inputs.map((input) => this.outputs[input.step] ?? []);
  }

  private segmentsOf(step: ExecutionStep, index: number, channels: number): Segment[] {
    const inputs = this.inputsOf(step);
    const [first] = inputs;
    if (!first) return [{ group: given, channels }];
    if (maker.test(step.kind)) {
      const group = this.parents.push(this.parents.length) - 1;
      this.made.set(index, group);
      return [{ group, channels }];
    }
    if (joining.test(step.kind)) return inputs.flat();
    for (const other of inputs.slice(1)) this.tieAll(first, other);
    return first;
  }

  /** Ties values of the same channels, one by one; others as a whole. */
  private tieAll(one: readonly Segment[], other: readonly Segment[]): void {
    const isAlike =
      one.length === other.length && one.every(({ channels }, at) => other[at]?.channels === channels);
    const [first] = one;
    if (isAlike) one.forEach(({ group }, at) => this.tie(group, other[at]?.group ?? given));
    else if (first) for (const { group } of [...one, ...other]) this.tie(group, first.group);
  }

  private tie(one: number, other: number): void {
    const [first, second] = [this.root(one), this.root(other)];
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }

  private root(group: number): number {
    const parent = this.parents[group] ?? given;
    return parent === group ? group : this.root(parent);
  }
}
