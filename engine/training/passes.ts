import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Prepared, View } from '../methods/method';
import { outputsOf, type Network, type Outputs } from '../models/network';

/** What a step's forward passes need to know: the networks, and the taps that anyone reads. */
export interface PassPlan {
  student: Network;
  teachers: readonly Network[];
  prepared: readonly Prepared[];
}

/** Outputs of teachers that ran before the step: by pass, then by tap. */
export type GivenOutputs = ReadonlyMap<string, Readonly<Record<string, tf.Tensor>>>;

/** The pass of teacher `which` on the plain batch, as `GivenOutputs` names it. */
export const plainPass = (which: number): string => passName(which, -1);

const passName = (which: number, owner: number): string => `${which}/${owner}`;

const union = (lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())];

/** Taps of teacher `which` that anyone reads, its logits among them. */
export const teacherTaps = (prepared: readonly Prepared[], which: number): string[] =>
  union(
    prepared.map(({ taps: { teachers, logits } }) => {
      const own = teachers[which] ?? [];
      return teachers[which] && logits !== false ? ['logits', ...own] : own;
    }),
  );

const rows = (outputs: Outputs, begin: number, size: number): Outputs =>
  outputsOf((name) => tf.slice(outputs.tap(name), [begin], [size]));

/**
 * The forward passes of one step, each made on demand and once. If a method's view holds the untouched samples, the
 * plain batch is read from that view's pass.
 */
export class Passes {
  readonly base: View;
  private readonly views = new Map<Prepared, View>();
  private readonly shared: View | undefined;
  private readonly studentPasses = new Map<View, Outputs>();
  private readonly teacherPasses = new Map<View, Outputs[]>();
  private readonly otherPasses = new Map<string, Outputs>();

  constructor(
    private readonly plan: PassPlan,
    batch: Batch,
    drawn: ReadonlyMap<Prepared, Record<string, tf.Tensor>>,
    private readonly given: GivenOutputs = new Map(),
  ) {
    this.base = { images: batch.images };
    for (const prepared of plan.prepared) {
      const view = prepared.view?.(batch, drawn.get(prepared) ?? {});
      if (view) this.views.set(prepared, view);
    }
    this.shared = [...this.views.values()].find((view) => view.originals !== undefined);
  }

  viewOf(prepared: Prepared): View {
    return this.views.get(prepared) ?? this.base;
  }

  /** Makes every teacher pass that the methods declare, so that none is recorded for the gradient. */
  runTeachers(): void {
    for (const prepared of this.plan.prepared)
      prepared.taps.teachers.forEach((_, which) => this.teacher(which, this.viewOf(prepared)));
  }

  teacher(which: number, view: View): Outputs {
    const made = this.teacherPasses.get(view) ?? [];
    this.teacherPasses.set(view, made);
    const network = this.plan.teachers[which];
    if (!network) throw new Error(`There is no teacher ${which}.`);
    return (made[which] ??=
      this.share(view, (from) => this.teacher(which, from)) ??
      this.givenFor(which, view) ??
      this.forward(network, which, view));
  }

  /** Runs the teachers whose passes cannot be recorded as part of a step. The outputs are kept. */
  runOutsideTeachers(): GivenOutputs {
    const made = new Map<string, Record<string, tf.Tensor>>();
    for (const prepared of this.plan.prepared)
      for (const which of prepared.taps.teachers.keys()) {
        if (!this.plan.teachers[which]?.outsideStep) continue;
        const view = this.sourceOf(this.viewOf(prepared));
        if (this.given.has(this.passName(which, view))) continue;
        const outputs = this.teacher(which, view);
        const names = teacherTaps(this.plan.prepared, which);
        made.set(
          this.passName(which, view),
          Object.fromEntries(names.map((name) => [name, tf.keep(outputs.tap(name))])),
        );
      }
    return made;
  }

  student(view: View): Outputs {
    const made = this.studentPasses.get(view);
    if (made) return made;
    const taps = union(this.plan.prepared.map((prepared) => prepared.taps.student));
    const outputs =
      this.share(view, (from) => this.student(from)) ??
      this.plan.student.forward(view.images, { taps, training: true });
    this.studentPasses.set(view, outputs);
    return outputs;
  }

  network(prepared: Prepared, name: string, view: View): Outputs {
    const network = prepared.networks?.get(name);
    if (!network) throw new Error(`The method has no network ${name}.`);
    const key = `${this.plan.prepared.indexOf(prepared)}/${name}/${view === this.base ? 'base' : 'view'}`;
    const made =
      this.otherPasses.get(key) ??
      network.forward(view.images, { taps: prepared.taps.student, training: true });
    this.otherPasses.set(key, made);
    return made;
  }

  private forward(network: Network, which: number, view: View): Outputs {
    const taps = teacherTaps(this.plan.prepared, which);
    return network.forward(view.images, { taps, training: false, logits: taps.includes('logits') });
  }

  private passName(which: number, view: View): string {
    const owner = this.plan.prepared.findIndex((prepared) => this.views.get(prepared) === view);
    return passName(which, owner);
  }

  private givenFor(which: number, view: View): Outputs | undefined {
    const outputs = this.given.get(this.passName(which, view));
    const tap = (name: string): tf.Tensor => {
      const output = outputs?.[name];
      if (output) return output;
      throw new Error(`${name} was not among the taps asked for.`);
    };
    return outputs && outputsOf(tap);
  }

  /** The view whose pass holds the outputs for `view`. */
  private sourceOf(view: View): View {
    return view === this.base && this.shared?.originals ? this.shared : view;
  }

  private share(view: View, pass: (from: View) => Outputs): Outputs | undefined {
    const from = this.sourceOf(view);
    if (from === view || !from.originals) return undefined;
    return rows(pass(from), from.originals.begin, from.originals.size);
  }
}
