import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { decayAt } from '../../engine/methods/decay';
import { findMethod } from '../../engine/methods/registry';
import { tinyCnn, tinyMlp } from '../fixtures/tinyNetwork';
import { setupOf, startRun, tinyBatch, tinyClasses } from '../fixtures/tinyRun';

beforeAll(async () => {
  await useBackend('cpu');
});

const student = () => tinyCnn('student', 2, tinyClasses);
const teacher = (width = 5) => tinyCnn(`teacher${width}`, width, tinyClasses);

describe('a weight that decays', () => {
  it('falls in steps, not between them', () => {
    const at = (epoch: number) => decayAt(tf.scalar(epoch), { decay: 0.9, decayEvery: 30 }).dataSync()[0];
    expect(at(0)).toBe(1);
    expect(at(29.9)).toBe(1);
    expect(at(30)).toBeCloseTo(0.9, 6);
    expect(at(95)).toBeCloseTo(0.729, 6);
  });

  it.each(['cd', 'gkd'])('lowers %s as epochs go by', async (id) => {
    const lossAt = async (decay: number) => {
      const run = await startRun(findMethod(id), [teacher()], student(), { decay, decayEvery: 1 });
      run.done = 4;
      return run.step().loss as number;
    };
    expect(await lossAt(0.5)).toBeCloseTo((await lossAt(1)) / 4, 5);
  });
});

describe('channel distillation', () => {
  it('takes a connector even where the channels agree', async () => {
    const run = await startRun(findMethod('cd'), [student()], student());
    expect(run.prepared.adapters?.map(({ adapter }) => adapter.kind)).toEqual([
      'conv1x1-bn-relu',
      'conv1x1-bn-relu',
    ]);
  });
});

describe('feature regression', () => {
  it('has one head for every teacher, four layers each, and adds their losses', async () => {
    const run = await startRun(findMethod('simreg'), [teacher(3), teacher(5)], student());
    const names = [...(run.prepared.variables?.keys() ?? [])];
    expect(names.filter((name) => name.endsWith('/weights'))).toHaveLength(8);
    expect(names.filter((name) => name.endsWith('/gamma'))).toHaveLength(4);
    const lossOf = async (width: number[]) =>
      (await startRun(findMethod('simreg'), width.map(teacher), student(), { layers: 1 })).step()
        .loss as number;
    expect(await lossOf([3, 5])).toBeGreaterThan((await lossOf([3])) + 1e-3);
  });

  it('reads the layer that the loss names', async () => {
    const named = { studentLayer: 'first', teacherLayer: 'second' };
    const run = await startRun(findMethod('simreg'), [teacher()], student(), named);
    expect(run.prepared.taps).toEqual({ student: ['first'], teachers: [['second']] });
    await expect(
      startRun(findMethod('simreg'), [teacher()], student(), { studentLayer: 'frst' }),
    ).rejects.toMatchObject({ code: 'pairMismatch', message: expect.stringContaining('"first"') });
  });
});

describe('feature mimicking', () => {
  it('cuts the training samples in halves with every hyperplane', async () => {
    const method = findMethod('lshfm');
    const [large, small] = [teacher(), student()];
    const setup = setupOf(method, [large], small);
    const prepared = await method.prepare(setup, method.options.parse({ method: 'lshfm', planes: 130 }));
    await prepared.beforeEpoch?.(0);
    const planes = prepared.memory?.get('planes') as tf.Tensor2D;
    const offsets = prepared.memory?.get('offsets') as tf.Tensor1D;
    const features = [0, 6].map((begin) => {
      const { images } = tinyBatch(small.info.inputShape, begin);
      return large.forward(images, { taps: ['pooled'], training: false }).tap('pooled') as tf.Tensor2D;
    });
    const sides = tf.concat(features).matMul(planes).add(offsets).greater(1e-6).toFloat().sum(0).dataSync();
    expect(sides).toHaveLength(130);
    expect(Math.min(...sides)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...sides)).toBeLessThanOrEqual(6);
  });

  it('leaves its hyperplanes alone after the first epoch', async () => {
    const run = await startRun(findMethod('lshfm'), [teacher()], student(), { planes: 8 });
    const read = () => [...(run.prepared.memory?.get('planes')?.dataSync() ?? [])];
    const before = read();
    run.step();
    await run.prepared.beforeEpoch?.(1);
    expect(read()).toEqual(before);
  });
});

describe('Zipf label smoothing', () => {
  it('needs no teacher', async () => {
    const run = await startRun(findMethod('zipf'), [], student());
    expect(run.step().loss).toBeGreaterThan(0);
  });

  it('refuses a student whose classifier does not read averaged channels', async () => {
    await expect(startRun(findMethod('zipf'), [], tinyMlp('dense', 4, 6, tinyClasses))).rejects.toMatchObject(
      {
        code: 'pairMismatch',
        message: expect.stringContaining('averaged over positions'),
      },
    );
  });
});
