import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Pair } from '../../engine/contract/recipe';
import { crdBytes } from '../../engine/methods/crd';
import { negativesOf } from '../../engine/methods/negatives';
import { findMethod, lossSchema, methodInfos, methods } from '../../engine/methods/registry';
import type { Network } from '../../engine/models/network';
import { Random } from '../../engine/random';
import { tinyCnn, tinyMlp, tinySegmenter } from '../fixtures/tinyNetwork';
import { setupOf, startRun, tinyClasses } from '../fixtures/tinyRun';

beforeAll(async () => {
  await useBackend('cpu');
});

const cnns = () => [tinyCnn('teacher', 5, tinyClasses), tinyCnn('student', 2, tinyClasses)] as const;
const auto = (teacher: string, student: string): Pair => ({ teacher, student, adapter: 'auto' });

describe('the registry', () => {
  it('has unique ids and a schema branch for every method', () => {
    const ids = methods.map((method) => method.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) {
      expect(lossSchema.parse({ method: id })).toMatchObject({ method: id });
    }
  });

  it('fills in the defaults: published ones, but for cwd on classifiers', () => {
    expect(lossSchema.parse({ method: 'kd' })).toEqual({ method: 'kd', temperature: 4 });
    expect(lossSchema.parse({ method: 'crd' })).toMatchObject({
      negatives: 16384,
      temperature: 0.07,
      momentum: 0.5,
    });
    const weights = Object.fromEntries(methods.map((method) => [method.id, method.defaultWeight]));
    expect(weights).toMatchObject({
      task: 1,
      kd: 0.9,
      fitnets: 100,
      at: 1000,
      sp: 3000,
      cwd: 1,
      ctkd: 0.9,
      crd: 0.8,
    });
  });

  it('refuses misspelt parameters and unknown methods', () => {
    expect(lossSchema.safeParse({ method: 'kd', temprature: 2 }).success).toBe(false);
    expect(lossSchema.safeParse({ method: 'kdd' }).success).toBe(false);
    expect(() => findMethod('kdd')).toThrowError(expect.objectContaining({ code: 'recipeInvalid' }));
  });

  it('explains every parameter of every method', () => {
    for (const info of methodInfos()) {
      const { properties } = info.parameters as { properties: Record<string, { description?: string }> };
      const own = Object.entries(properties).filter(([key]) => key !== 'method');
      expect(own.filter(([, schema]) => !schema.description).map(([key]) => `${info.id}.${key}`)).toEqual([]);
      expect(info.summary).toMatch(/\.$/);
      expect(info.url).toMatch(/^https:/);
    }
  });
});

describe('pairs that cannot work', () => {
  const refused = async (id: string, pairs: Pair[], networks = cnns()) => {
    const [teacher, student] = networks;
    const start = async () => startRun(findMethod(id), [teacher], student, { pairs });
    await expect(start()).rejects.toMatchObject({ code: 'pairMismatch' });
    return start().catch((failure: { message: string }) => failure.message);
  };

  it('cwd on class scores: they have no positions', async () => {
    expect(await refused('cwd', [auto('logits', 'logits')])).toMatch(/logits has no positions/);
  });

  it('attention on vectors', async () => {
    expect(await refused('at', [auto('pooled', 'second')])).toMatch(
      /"pooled" \(10\).*pooled has no positions/,
    );
  });

  it('hints between a map and a vector', async () => {
    expect(await refused('fitnets', [auto('second', 'pooled')])).toMatch(/one is a feature map/);
  });

  it('the same pair twice', async () => {
    const [teacher, student] = cnns();
    const pairs = [auto('second', 'second'), auto('second', 'second')];
    await expect(startRun(findMethod('sp'), [teacher], student, { pairs })).rejects.toMatchObject({
      code: 'recipeInvalid',
    });
  });
});

describe('losses by pair', () => {
  it('are named after the student’s layer, and after both where that is matched twice', async () => {
    const [teacher, student] = cnns();
    const run = await startRun(findMethod('sp'), [teacher], student, {
      pairs: [auto('first', 'first'), auto('first', 'second'), auto('second', 'second')],
    });
    const names = Object.keys(run.step()).filter((name) => name.startsWith('loss/'));
    expect(names).toEqual(['loss/sp:first', 'loss/sp:second~first', 'loss/sp:second~second']);
  });

  it.each([
    ['at', 'first', 'second'],
    ['cwd', 'first', 'second'],
    ['cwd', 'second', 'first'],
    ['fitnets', 'first', 'second'],
    ['fitnets', 'second', 'first'],
    ['sp', 'pooled', 'first'],
    ['fitnets', 'pooled', 'pooled'],
    ['fitnets', 'logits', 'logits'],
  ])('%s takes the teacher’s %s with the student’s %s', async (id, teacherTap, studentTap) => {
    const [teacher, student] = cnns();
    const run = await startRun(findMethod(id), [teacher], student, { pairs: [auto(teacherTap, studentTap)] });
    const [first, ...rest] = Array.from({ length: 8 }, () => run.step().loss as number);
    expect(Number.isFinite(first)).toBe(true);
    expect(Math.min(...rest)).toBeLessThan(first as number);
  });

  it('weigh cwd on class maps as published for class maps', async () => {
    const method = findMethod('cwd');
    const weightOf = async (networks: readonly [Network, Network], tap: string) => {
      const [teacher, student] = networks;
      const setup = setupOf(method, [teacher], student, [auto(tap, tap)]);
      return (await method.prepare(setup, method.options.parse({ method: 'cwd' }))).weight;
    };
    const maps = [
      tinySegmenter('teacher', 5, tinyClasses),
      tinySegmenter('student', 2, tinyClasses),
    ] as const;
    expect(await weightOf(maps, 'logits')).toBe(3);
    expect(await weightOf(maps, 'first')).toBe(1);
  });

  it('weigh attention by its form', async () => {
    const weightOf = async (form: string) =>
      (await startRun(findMethod('at'), [cnns()[0]], cnns()[1], { form })).prepared.weight;
    expect([await weightOf('code'), await weightOf('paper')]).toEqual([1000, 10]);
  });

  it('work on networks without maps', async () => {
    const [teacher, student] = [tinyMlp('teacher', 8, 6, tinyClasses), tinyMlp('student', 3, 6, tinyClasses)];
    const run = await startRun(findMethod('fitnets'), [teacher], student);
    expect(Object.keys(run.step())).toContain('loss/fitnets:hidden');
  });

  it('average soft targets over several teachers', async () => {
    const student = () => tinyCnn('student', 2, tinyClasses);
    const teachers = [tinyCnn('a', 3, tinyClasses), tinyCnn('b', 5, tinyClasses)];
    const [first, second, both] = await Promise.all(
      [[teachers[0]], [teachers[1]], teachers].map(async (some) => {
        const run = await startRun(findMethod('kd'), some as typeof teachers, student());
        return run.step().loss as number;
      }),
    );
    expect(both).toBeCloseTo(((first as number) + (second as number)) / 2, 5);
  });
});

describe('curriculum temperature in training', () => {
  const [start, span] = [1, 20];
  const temperature = (theta: number) => start + span / (1 + Math.exp(-theta));

  it('moves against the student: towards the temperature of the larger loss', async () => {
    const [teacher, student] = cnns();
    const run = await startRun(findMethod('ctkd'), [teacher], student, { ramp: 1, learningRate: 1 });
    run.step();
    const theta = run.prepared.variables?.get('theta')?.dataSync()[0] as number;
    const lossAt = async (fixed: number) => {
      const other = await startRun(findMethod('kd'), [teacher], cnns()[1], { temperature: fixed });
      return other.step().loss as number;
    };
    expect(theta).not.toBe(1);
    expect(await lossAt(temperature(theta))).toBeGreaterThan(await lossAt(temperature(1)));
  });
});

describe('contrastive memory', () => {
  it('fixes its normalisers at the first batch and moves only the rows it saw', async () => {
    const [teacher, student] = cnns();
    const run = await startRun(findMethod('crd'), [teacher], student, { dimension: 4 });
    const read = (name: string) => [...(run.prepared.memory?.get(name)?.dataSync() ?? [])];
    const before = read('teacher/memory');
    expect(read('teacher/z')).toEqual([0]);
    run.step();
    const [z, after] = [read('teacher/z'), read('teacher/memory')];
    expect(z[0]).toBeGreaterThan(0);
    expect(after.slice(0, 24)).not.toEqual(before.slice(0, 24));
    expect(after.slice(24)).toEqual(before.slice(24));
    run.step();
    expect(read('teacher/z')).toEqual(z);
    expect(read('teacher/memory').slice(0, 24)).toEqual(after.slice(0, 24));
  });

  it('draws negatives of other classes, each once, the same for the same seed', () => {
    const labels = Int32Array.from({ length: 50 }, (_, sample) => (sample < 25 ? 0 : 1 + (sample % 2)));
    for (const wished of [1, 10, 20, 1000]) {
      const negatives = negativesOf(labels, wished);
      expect(negatives.count).toBe(Math.min(wished, 25));
      for (const label of [0, 1, 2]) {
        const [row, again] = [new Float32Array(50), new Float32Array(50)];
        negatives.draw(new Random('x'), label, row);
        negatives.draw(new Random('x'), label, again);
        expect(row.reduce((sum, drawn) => sum + drawn, 0)).toBe(negatives.count);
        expect(row.some((drawn, sample) => drawn > 0 && labels[sample] === label)).toBe(false);
        expect(again).toEqual(row);
      }
    }
  });

  it('draws evenly among the samples of other classes', () => {
    const labels = Int32Array.from({ length: 12 }, (_, sample) => sample % 3);
    const negatives = negativesOf(labels, 3);
    const counts = new Float32Array(12);
    const random = new Random('even');
    for (let round = 0; round < 2000; round++) {
      const row = new Float32Array(12);
      negatives.draw(random, 0, row);
      row.forEach((drawn, sample) => (counts[sample] = (counts[sample] as number) + drawn));
    }
    const others = [...counts].filter((_, sample) => sample % 3 !== 0);
    expect(Math.min(...others)).toBeGreaterThan(650);
    expect(Math.max(...others)).toBeLessThan(850);
  });

  it('says what it would take, and refuses what the machine has not', async () => {
    expect(crdBytes(50_000, 64, 128)).toBe(4 * 50_000 * (256 + 384));
    const [teacher, student] = cnns();
    await expect(
      startRun(findMethod('crd'), [teacher], student, { dimension: 2 ** 40 }),
    ).rejects.toMatchObject({
      code: 'outOfMemory',
    });
  });
});
