import * as tf from '@tensorflow/tfjs';
import type { Batch } from '../data/dataset';
import type { Prepared, View } from '../methods/method';
import type { Network, Outputs } from '../models/network';

/** What a step's forward passes need to know: the networks, and the taps that anyone reads. */
export interface PassPlan {
  student: Network;
  teachers: readonly Network[];
  prepared: readonly Prepared[];
}

const union = (lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())];

const rows = (outputs: Outputs, begin: number, size: number): Outputs => ({
  logits: tf.slice(outputs.logits, [begin], [size]),
  tap: (name) => tf.slice(outputs.tap(name), [begin], [size]),
});

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
    const taps = union(this.plan.prepared.map((prepared) => prepared.taps.teachers[which] ?? []));
    return (made[which] ??=
      this.share(view, (from) => this.teacher(which, from)) ??
      network.forward(view.images, { taps, training: false }));
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

  private share(view: View, pass: (from: View) => Outputs): Outputs | undefined {
    const from = this.shared;
    if (view !== this.base || !from?.originals) return undefined;
    return rows(pass(from), from.originals.begin, from.originals.size);
  }
}
