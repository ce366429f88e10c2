import { describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { methods } from '../../engine/methods/registry';
import { startRun, tinyNetwork, type TinyRun } from '../fixtures/tinyRun';

type Name = 'wasm' | 'cpu';

const start = async (id: string): Promise<TinyRun> => {
  const method = methods.find((candidate) => candidate.id === id);
  if (!method) throw new Error(`no method ${id}`);
  return startRun(method, [tinyNetwork(method, 'teacher', 5)], tinyNetwork(method, 'student', 2));
};

/** The losses of three steps and the weights after them. */
const train = async (backend: Name, id: string) => {
  await useBackend(backend);
  const run = await start(id);
  const losses = [0, 1, 2].map(() => run.step().loss as number);
  return { losses, weights: [...run.running.saved.values()].flatMap((variable) => [...variable.dataSync()]) };
};

describe.each(methods.map(({ id }) => id))('%s on the wasm backend', (id) => {
  it('takes the steps that it takes on cpu', async () => {
    const [plain, wasm] = [await train('cpu', id), await train('wasm', id)];
    wasm.losses.forEach((loss, step) => {
      const wanted = plain.losses[step] as number;
      expect(Math.abs(loss - wanted), `step ${step}`).toBeLessThan(1e-3 * Math.max(1e-2, Math.abs(wanted)));
    });
  });

  it('takes the same steps again, bit for bit', async () => {
    expect(await train('wasm', id)).toEqual(await train('wasm', id));
  });
});
