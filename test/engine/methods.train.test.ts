import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { methods } from '../../engine/methods/registry';
import { restoreVariables } from '../../engine/training/stage';
import { startRun, tinyNetwork, type TinyRun } from '../fixtures/tinyRun';

const start = (id: string): Promise<TinyRun> => {
  const method = methods.find((candidate) => candidate.id === id);
  if (!method) throw new Error(`no method ${id}`);
  return startRun(method, [tinyNetwork(method, 'teacher', 5)], tinyNetwork(method, 'student', 2));
};

/** A memory first fills with real embeddings, which raises the loss, before training lowers it. */
const patience: Record<string, { settle: number; steps: number }> = { crd: { settle: 4, steps: 60 } };

const values = (run: TinyRun) =>
  [...run.running.saved].map(([name, variable]) => [name, [...variable.dataSync()]]);

const copy = (run: TinyRun) =>
  new Map(
    [...run.running.saved].map(([name, variable]) => [
      name,
      { shape: variable.shape, dtype: 'float32' as const, values: Float32Array.from(variable.dataSync()) },
    ]),
  );

describe.each(methods.map(({ id }) => id))('%s', (id) => {
  beforeEach(async () => {
    await useBackend('cpu');
  });

  it('lowers its loss by training the student', async () => {
    const run = await start(id);
    const { settle, steps } = patience[id] ?? { settle: 0, steps: 24 };
    const losses = Array.from({ length: steps }, () => run.step().loss as number);
    const mean = (part: number[]) => part.reduce((sum, loss) => sum + loss, 0) / part.length;
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(mean(losses.slice(-4))).toBeLessThan(0.9 * mean(losses.slice(settle, settle + 4)));
  });

  it('goes on exactly from what it saved', async () => {
    const run = await start(id);
    for (let step = 0; step < 3; step++) run.step();
    const saved = copy(run);
    const resumed = await start(id);
    const missing: string[] = [];
    restoreVariables(resumed.running.saved, saved, (name) => missing.push(name));
    expect(missing).toEqual([]);
    resumed.done = run.done;
    const live = [0, 1, 2].map(() => [run.step(), resumed.step()] as const);
    for (const [kept, again] of live) expect(again).toEqual(kept);
    expect(values(resumed)).toEqual(values(run));
  });

  it('changes nothing of the teacher and leaks no tensor', async () => {
    const run = await start(id);
    const teacher = run.running.plan.teachers[0];
    const before = [...(teacher?.trainable.values() ?? [])].map((variable) => [...variable.dataSync()]);
    run.step();
    const tensors = tf.memory().numTensors;
    run.step();
    run.step();
    expect(tf.memory().numTensors).toBe(tensors);
    expect([...(teacher?.trainable.values() ?? [])].map((variable) => [...variable.dataSync()])).toEqual(
      before,
    );
  });

  it('takes the same steps on the best backend', async () => {
    const losses = async () => {
      const run = await start(id);
      return [0, 1, 2].map(() => run.step().loss as number);
    };
    const plain = await losses();
    await useBackend('auto');
    (await losses()).forEach((loss, step) => {
      const wanted = plain[step] as number;
      expect(Math.abs(loss - wanted)).toBeLessThan(1e-3 * Math.abs(wanted));
    });
  });
});
