import * as tf from '@tensorflow/tfjs';

/** What trying a graph on one sample and on two shows of its values. */
export interface ProbedGraph {
  /** By name, without the batch dimension: the values that hold one row a sample. */
  shapes: ReadonlyMap<string, number[]>;
  /** True for graphs that compute one sample at a time, whatever the batch. */
  isPerSample: boolean;
}

type Run = (x: tf.Tensor, names: readonly string[]) => tf.Tensor[];
type Shapes = Map<string, number[]>;

const shapesFor = (
  run: Run,
  inputShape: readonly number[],
  names: readonly string[],
  batch: number,
): Shapes => {
  const shapes: Shapes = new Map();
  tf.tidy(() => {
    const outputs = run(tf.zeros([batch, ...inputShape]), names);
    names.forEach((name, index) => shapes.set(name, outputs[index]?.shape ?? []));
  });
  return shapes;
};

const rowsOf = (shapes: Shapes, batch: number): Shapes =>
  new Map(
    [...shapes].filter(([, shape]) => shape[0] === batch).map(([name, shape]) => [name, shape.slice(1)]),
  );

/** Null where the graph refuses a batch of two. */
const tryTwo = (run: Run, inputShape: readonly number[], names: readonly string[]): Shapes | null => {
  try {
    return shapesFor(run, inputShape, names, 2);
  } catch {
    return null;
  }
};

/**
 * Runs a graph on zeros to learn the shapes of its values. Graphs made for a batch of one may reshape two samples
 * into one, so what is not there once a sample in a batch of two is computed sample by sample.
 */
export const probeGraph = (
  run: Run,
  inputShape: readonly number[],
  names: readonly string[],
  outputs: readonly string[],
): ProbedGraph => {
  const ones = rowsOf(shapesFor(run, inputShape, names, 1), 1);
  const two = tryTwo(run, inputShape, names);
  const twos = two ? rowsOf(two, 2) : new Map<string, number[]>();
  const isSame = (name: string): boolean => twos.get(name)?.join() === ones.get(name)?.join();
  const isPerSample = outputs.some((name) => ones.has(name) && !isSame(name));
  const shapes = isPerSample ? ones : new Map([...ones].filter(([name]) => isSame(name)));
  return { shapes, isPerSample };
};

/** Runs a graph on each sample alone and puts the rows together. */
export const samplewise =
  (run: Run): Run =>
  (x, names) =>
    tf.tidy(() => {
      const rows = tf.split(x, x.shape[0] ?? 1).map((sample) => run(sample, names));
      return names.map((_, index) => tf.concat(rows.map((row) => row[index] as tf.Tensor)));
    });
