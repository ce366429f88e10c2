import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { compileStep } from '../../engine/graph/graphStep';

const { name: backend } = await useBackend('auto');
const side = 1024;
const megabyte = 2 ** 20;
const peak = () => process.resourceUsage().maxRSS * 1024;

/** Alone in its file: what matters is the most memory that the process has had. */
describe.skipIf(backend !== 'tensorflow')('the memory that a step takes to be recorded', () => {
  it('is that of its largest tensors, not of all that its gradient needs', () => {
    const depth = 100;
    const x = tf.randomUniform([side, side], -1, 1, 'float32', 1);
    const step = () =>
      tf.tidy(() => {
        const loss = (start: tf.Tensor) => {
          let value = start;
          for (let at = 0; at < depth; at++) value = tf.tanh(value);
          return tf.mean<tf.Scalar>(value);
        };
        return { change: tf.mean<tf.Scalar>(tf.abs(tf.grad(loss)(x))) };
      });
    const before = peak();
    const graph = compileStep([x], step);
    const all = depth * side * side * Float32Array.BYTES_PER_ELEMENT;
    expect(all).toBeGreaterThan(400 * megabyte - 1);
    expect(peak() - before).toBeLessThan(150 * megabyte);
    expect((graph.run([x]).change ?? NaN) / (step().change.dataSync()[0] ?? NaN)).toBeCloseTo(1, 4);
    graph.dispose();
  });

  it('is that of all where an operation refuses values that stand for others', () => {
    const x = tf.fill([side, side], 0.5);
    const step = () =>
      tf.tidy(() => {
        const nothing = tf.max(tf.add(tf.sub(1, x), tf.sub(x, 1)));
        const segment = tf.cast(tf.mul(nothing, 1e6), 'int32').as1D();
        return { sum: tf.sum<tf.Scalar>(tf.unsortedSegmentSum(tf.tensor1d([7]), segment as tf.Tensor1D, 1)) };
      });
    const graph = compileStep([x], step);
    expect(graph.run([x])).toEqual({ sum: 7 });
    graph.dispose();
  });
});
