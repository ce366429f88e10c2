import * as tf from '@tensorflow/tfjs';
import { compileStep, type GraphStep } from '../graph/graphStep';
import { Untraceable } from '../graph/trace';
import { plainPass, teacherTaps, type GivenOutputs } from './passes';
import type { StepPlan } from './step';
import { fixedOf } from './stepRunner';

/** Where one output of one teacher lies in a row. */
interface Column {
  which: number;
  tap: string;
  /** Without the batch dimension. */
  shape: number[];
  begin: number;
  size: number;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Teachers that a loss reads, with the outputs that it may read. */
export const readOutputs = ({ teachers, terms }: StepPlan): { which: number; taps: string[] }[] => {
  const prepared = terms.map((term) => term.prepared);
  return teachers.flatMap((_, which) => {
    const isRead = prepared.some(({ taps }) => taps.teachers[which] !== undefined);
    return isRead ? [{ which, taps: teacherTaps(prepared, which) }] : [];
  });
};

/**
 * Everything that a stage's losses read of its teachers, as one row of floats a sample: the outputs of all teachers, one
 * after another. Made by TensorFlow as a graph of its own where that is possible, which stops at the deepest tap.
 */
export class TeacherRows {
  /** Floats of one row; 0 where no loss reads a teacher. */
  readonly size: number;
  /** Which outputs, in order. */
  readonly names: readonly string[];
  private readonly columns: readonly Column[];
  private graph: GraphStep | null = null;

  /**
   * @param example raw values [1, ...sample], to see the outputs' shapes
   * @param batch of this size are most batches, and only these are computed as a graph
   */
  constructor(
    private readonly plan: StepPlan,
    example: tf.Tensor,
    private readonly batch: number,
  ) {
    this.columns = this.measure(example);
    this.size = this.columns.reduce((sum, { size }) => sum + size, 0);
    this.names = this.columns.map(({ which, tap }) => `${which}/${tap}`);
  }

  /** Raw values [batch, ...sample] to rows, sample after sample. */
  compute(images: tf.Tensor): Float32Array {
    const graph = images.shape[0] === this.batch ? this.graphFor(images) : null;
    return graph ? graph.values([images]) : tf.tidy(() => this.packed(images).dataSync<'float32'>());
  }

  /** As the step wants them: one tensor an output. Each of `rows` is read once, in turn. */
  unpack(rows: readonly (() => Float32Array)[]): GivenOutputs {
    const count = rows.length;
    const values = this.columns.map(({ size }) => new Float32Array(count * size));
    rows.forEach((read, index) => {
      const row = read();
      this.columns.forEach(({ begin, size }, column) =>
        values[column]?.set(row.subarray(begin, begin + size), index * size),
      );
    });
    const given = new Map<string, Record<string, tf.Tensor>>();
    this.columns.forEach(({ which, tap, shape }, column) => {
      const tensor = tf.tensor(values[column] as Float32Array, [count, ...shape]);
      given.set(plainPass(which), { ...given.get(plainPass(which)), [tap]: tensor });
    });
    return given;
  }

  /** Lets go of the graph, until it is needed again. */
  dispose(): void {
    this.graph?.dispose();
    this.graph = null;
  }

  private outputs(images: tf.Tensor): { which: number; tap: string; value: tf.Tensor }[] {
    return readOutputs(this.plan).flatMap(({ which, taps }) => {
      const outputs = this.plan.teachers[which]?.forward(images, {
        taps,
        training: false,
        logits: taps.includes('logits'),
      });
      return outputs ? taps.map((tap) => ({ which, tap, value: outputs.tap(tap) })) : [];
    });
  }

  private measure(example: tf.Tensor): Column[] {
    let columns: Column[] = [];
    tf.tidy(() => {
      let begin = 0;
      columns = this.outputs(example).map(({ which, tap, value }) => {
        const shape = value.shape.slice(1);
        const column = { which, tap, shape, begin, size: sizeOf(shape) };
        begin += column.size;
        return column;
      });
    });
    return columns;
  }

  private packed(images: tf.Tensor): tf.Tensor2D {
    const flat = this.outputs(images).map(({ value }) => value.toFloat().reshape([value.shape[0] ?? 1, -1]));
    return tf.concat(flat as tf.Tensor2D[], 1);
  }

  private graphFor(images: tf.Tensor): GraphStep | null {
    const { teachers } = this.plan;
    if (tf.getBackend() !== 'tensorflow' || teachers.some(({ outsideStep }) => outsideStep)) return null;
    try {
      const pass = () => tf.tidy(() => ({ rows: this.packed(images) }));
      return (this.graph ??= compileStep([images], pass, fixedOf(this.plan)));
    } catch (error) {
      if (error instanceof Untraceable) return null;
      throw error;
    }
  }
}
