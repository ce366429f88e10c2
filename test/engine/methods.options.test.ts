import * as tf from '@tensorflow/tfjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { LossOptions } from '../../engine/contract/recipe';
import { findMethod } from '../../engine/methods/registry';
import { tinyCnn } from '../fixtures/tinyNetwork';
import { setupOf, startRun, tinyClasses, tinyNetwork } from '../fixtures/tinyRun';

const start = (id: string, options: Partial<LossOptions> = {}) => {
  const method = findMethod(id);
  return startRun(method, [tinyNetwork(method, 'teacher', 5)], tinyNetwork(method, 'student', 2), options);
};

const prepare = async (
  id: string,
  options: Partial<LossOptions>,
  teacher = tinyCnn('teacher', 5, tinyClasses),
) => {
  const method = findMethod(id);
  const parsed = method.options.parse({ method: id, ...options });
  return method.prepare(setupOf(method, [teacher], tinyCnn('student', 2, tinyClasses), parsed.pairs), parsed);
};

beforeEach(async () => {
  await useBackend('cpu');
});

describe('what methods can be told', () => {
  it.each([
    ['pi', { reduction: 'element-mean' }],
    ['pi', { reduction: 'soft-ce-sum', temperature: 2 }],
    ['mgd', { reduction: 'maximum' }],
    ['mgd', { reduction: 'random' }],
    ['mgd', { reduction: 'sparse' }],
    ['ho', { critic: 'wasserstein', width: 8 }],
    ['csc', { adaptive: 1 }],
    ['ifvd', { over: 'all' }],
    ['det-li', { regions: 'student', form: 'sum' }],
    ['det-li', { regions: 'labels', size: 3 }],
    ['det-wang', { share: 0, after: 0.5 }],
    ['det-zm', { channelMask: false, temperature: 0.1 }],
    ['hsakd', { backbone: 'trained' }],
  ])('%s takes the same steps with %o on cpu and on the best backend', async (id, options) => {
    const losses = async () => {
      const run = await start(id, options);
      return [0, 1, 2].map(() => run.step());
    };
    const plain = await losses();
    await useBackend('auto');
    (await losses()).forEach((numbers, step) => {
      for (const [name, wanted] of Object.entries(plain[step] ?? {}))
        expect(Math.abs((numbers[name] ?? NaN) - wanted), `${name} in step ${step}`).toBeLessThanOrEqual(
          1e-3 * Math.max(1e-2, Math.abs(wanted)),
        );
    });
  });

  it('pi converts a weight that was published for another reduction', async () => {
    const weights = async (options: Partial<LossOptions>) => {
      const { weight = NaN, weightScale = NaN } = await prepare('pi', options);
      return weight * weightScale;
    };
    expect(await weights({})).toBe(1);
    expect(await weights({ reduction: 'element-mean' })).toBe(10);
    expect(await weights({ weightOf: 'element-mean' })).toBeCloseTo(10 / 3, 10);
    expect(await weights({ weightOf: 'soft-ce-sum' })).toBeCloseTo(10 * 6, 10);
  });

  it('det-wang waits as long as it is told', async () => {
    const run = await start('det-wang', { after: 1 });
    const values = [0, 1, 2].map(() => Math.abs(run.step().loss as number));
    expect(values.map((value) => value > 0)).toEqual([false, false, true]);
  });
});

describe('matching channels', () => {
  const groupsOf = async (id: string) => {
    const run = await start('mgd', { reduction: id });
    return [...(run.prepared.memory ?? [])].flatMap(([name, variable]) =>
      name.endsWith('/groups') ? [{ shape: variable.shape, channels: [...variable.dataSync()] }] : [],
    );
  };

  it('gives every student channel its own teacher channels, no channel twice', async () => {
    for (const { shape, channels } of await groupsOf('absolute')) {
      expect(shape[0]).toBe(2);
      expect(new Set(channels).size).toBe(channels.length);
    }
    expect((await groupsOf('sparse')).every(({ shape }) => shape[0] === 1)).toBe(true);
  });

  it('finds a student that is a shuffled part of the teacher', async () => {
    const teacher = tinyCnn('teacher', 4, tinyClasses);
    const student = tinyCnn('student', 2, tinyClasses);
    const order = tf.tensor1d([3, 1], 'int32');
    const [from, to] = [teacher, student].map(
      ({ trainable }) => trainable.get('first/kernel') as tf.Variable,
    );
    to?.assign((from as tf.Variable).gather(order, 3));
    const run = await startRun(findMethod('mgd'), [teacher], student, {
      reduction: 'sparse',
      pairs: [{ teacher: 'first', student: 'first', adapter: 'auto' }],
    });
    expect([...(run.prepared.memory?.get('first/groups')?.dataSync() ?? [])]).toEqual([3, 1]);
  });

  it('looks again only as often as it is told', async () => {
    const { prepared } = await start('mgd', { every: 2 });
    const groups = [...(prepared.memory ?? [])].find(([name]) =>
      name.endsWith('/groups'),
    )?.[1] as tf.Variable;
    const found = groups.dataSync();
    groups.assign(tf.zerosLike(groups));
    await prepared.beforeEpoch?.(1);
    expect([...groups.dataSync()].every((channel) => channel === 0)).toBe(true);
    await prepared.beforeEpoch?.(2);
    expect(groups.dataSync()).toEqual(found);
  });

  it('refuses a teacher with fewer channels, and adapters', async () => {
    await expect(prepare('mgd', {}, tinyCnn('small', 1, tinyClasses))).rejects.toMatchObject({
      code: 'pairMismatch',
    });
    const pairs = [{ teacher: 'second', student: 'second', adapter: 'conv1x1' }];
    await expect(prepare('mgd', { pairs } as Partial<LossOptions>)).rejects.toMatchObject({
      code: 'pairMismatch',
    });
  });
});

describe('a critic', () => {
  it('learns to tell the student from the teacher while the student stands still', async () => {
    const run = await start('ho', { learningRate: 0, criticRate: 0.01, width: 8 });
    const losses = Array.from({ length: 30 }, () => run.step()['loss/ho:critic'] as number);
    expect(losses[0]).toBeGreaterThan(1);
    expect(losses.at(-1)).toBeLessThan(0.8 * (losses[0] as number));
  });

  it('makes no second pass of the student: its batch statistics move once a step', async () => {
    const run = await start('ho', {});
    let passes = 0;
    const { forward } = run.student;
    run.student.forward = (...given) => {
      passes += 1;
      return forward.call(run.student, ...given);
    };
    run.step();
    expect(passes).toBe(1);
  });
});
