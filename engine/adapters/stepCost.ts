import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs';
import { Random } from '../random';
import { buildAdapter, type AdapterChoice } from './build';
import type { MatchedTaps } from './offers';

/** Samples of the step that an adapter's time is given for. */
export const costBatch = 64;
const repeats = 2;
/** Multiply-accumulates of one timed pass, at most: larger adapters are timed on fewer samples. */
const mostMacs: Record<string, number> = { tensorflow: 5e8, wasm: 1e8, cpu: 5e6 };

const positions = (shape: readonly number[]): number =>
  shape.slice(0, -1).reduce((product, length) => product * length, 1);

/**
 * Milliseconds that an adapter adds to a training step of 64 samples: the least of two passes forward and backward,
 * also into the student's tap, after one to warm up. An adapter without work costs nothing.
 */
export const measureStepCost = async (
  kind: AdapterChoice,
  { teacher, student }: MatchedTaps,
  parameters: number,
): Promise<number> => {
  if (kind === 'none') return 0;
  const macs = Math.max(1, parameters * Math.max(positions(teacher.shape), positions(student.shape)));
  const batch = Math.max(1, Math.min(costBatch, Math.floor((mostMacs[tf.getBackend()] ?? 5e6) / macs)));
  const picked = Array.from(
    { length: teacher.shape.at(-1) ?? 0 },
    (_, channel) => channel % (student.shape.at(-1) ?? 1),
  );
  const adapter = buildAdapter(kind, student.shape, teacher.shape, new Random('cost'), 'cost', picked);
  const input = tf.tidy(() => tf.variable(tf.randomNormal([batch, ...student.shape], 0, 1, 'float32', 1)));
  const variables = [input, ...adapter.variables.values()];
  let least = Infinity;
  for (let run = 0; run <= repeats; run++) {
    const begin = performance.now();
    const { grads, value } = tf.variableGrads(
      () => adapter.apply(input, true).square().mean<tf.Scalar>(),
      variables,
    );
    await Promise.all(Object.values(grads).map((gradient) => gradient.data()));
    if (run > 0) least = Math.min(least, performance.now() - begin);
    tf.dispose([grads, value]);
  }
  tf.dispose([variables, ...(adapter.statistics?.values() ?? [])]);
  return (least * costBatch) / batch;
};
