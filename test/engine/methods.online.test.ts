import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { trainingSchema } from '../../engine/contract/recipe';
import { crossEntropy } from '../../engine/losses/crossEntropy';
import type { Prepared } from '../../engine/methods/method';
import { findMethod, methods } from '../../engine/methods/registry';
import { startStage } from '../../engine/training/stage';
import { taskMeasures } from '../../engine/measures/taskMeasures';
import { trainStage, type Watcher } from '../../engine/training/train';
import { tinyCnn, tinyMlp } from '../fixtures/tinyNetwork';
import { setupOf, startRun, tinyBatchSize, tinyClasses, tinySplit } from '../fixtures/tinyRun';

beforeAll(async () => {
  await useBackend('cpu');
});

const student = () => tinyCnn('student', 2, tinyClasses);
const alone = methods.filter(({ needsTeacher }) => !needsTeacher).map(({ id }) => id);

describe.each(alone)('without a teacher, %s', (id) => {
  it('takes real steps', async () => {
    const run = await startRun(findMethod(id), [], student());
    const before = [...run.student.trainable.values()].map((variable) => [...variable.dataSync()]);
    for (let step = 0; step < 3; step++) expect(run.step().loss).toBeGreaterThan(0);
    const after = [...run.student.trainable.values()].map((variable) => [...variable.dataSync()]);
    expect(after[0]).not.toEqual(before[0]);
  });
});

describe('a cohort', () => {
  it.each(['dml', 'mcl', 'mfef'])(
    'of %s has as many networks as asked for, and all of them learn',
    async (id) => {
      const run = await startRun(findMethod(id), [], student(), { networks: 3 });
      const { networks } = run.prepared;
      expect([...(networks?.keys() ?? [])]).toEqual(['peer1', 'peer2']);
      const read = () =>
        [...(networks?.values() ?? [])].map(({ trainable }) =>
          [...trainable.values()].map((variable) => [...variable.dataSync()]),
        );
      const before = read();
      const names = Object.keys(run.step());
      expect(names).toEqual(expect.arrayContaining([`loss/${id}:peer1`, `loss/${id}:peer2`]));
      read().forEach((peer, which) => expect(peer).not.toEqual(before[which]));
    },
  );

  it('of lmcl learns how much its stages match, where asked to', async () => {
    const run = await startRun(findMethod('lmcl'), [], student(), { matching: 'learned', dimension: 4 });
    const projections = [...(run.prepared.variables ?? [])].filter(([name]) =>
      name.endsWith('projection/weights'),
    );
    expect(projections.map(([name]) => name.split('/').slice(0, 2).join(' '))).toEqual([
      'network0 stage0',
      'network0 stage1',
      'network1 stage0',
      'network1 stage1',
    ]);
    const before = projections.map(([, variable]) => [...variable.dataSync()]);
    const [first, second] = [run.step(), run.step()];
    expect(first.loss).not.toBe(second.loss);
    projections.forEach(([, variable], index) => expect([...variable.dataSync()]).not.toEqual(before[index]));
  });

  it('of mcl is refused where no class has two samples', async () => {
    const method = findMethod('mcl');
    const setup = {
      ...setupOf(method, [], student()),
      labels: Int32Array.from({ length: 12 }).map((_, at) => at),
    };
    const start = async () => method.prepare(setup, method.options.parse({ method: 'mcl' }));
    await expect(start()).rejects.toMatchObject({ code: 'recipeInvalid' });
  });
});

describe('networks that cannot work', () => {
  const vectors = () => tinyMlp('student', 3, 6, tinyClasses);

  it.each(['mixskd', 'mfef', 'lmcl'])('%s refuses a student without maps', async (id) => {
    const start = async () => startRun(findMethod(id), [], vectors());
    await expect(start()).rejects.toMatchObject({ code: 'pairMismatch' });
  });

  it.each(['hsakd', 'sskd', 'hsakd-online'])('%s refuses samples that cannot be turned', async (id) => {
    const start = async () => startRun(findMethod(id), [tinyMlp('teacher', 8, 6, tinyClasses)], vectors());
    await expect(start()).rejects.toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('[6]') as string,
    });
  });
});

describe('the critic of mixskd', () => {
  it('starts alike in both forms, and parts when the features hinder it', async () => {
    const critics = async (critic: string) => {
      const run = await startRun(findMethod('mixskd'), [], student(), { critic, learningRate: 0.05 });
      return Array.from({ length: 8 }, () => run.step()['loss/mixskd:critic'] as number);
    };
    const [code, paper] = [await critics('code'), await critics('paper')];
    expect(paper[0]).toBe(code[0]);
    expect(paper.at(-1)).toBeGreaterThan(code.at(-1) as number);
  });
});

describe('the heads of a teacher', () => {
  it.each([
    ['hsakd', 'heads'],
    ['sskd', 'head'],
  ])('of %s are named, trained for their epochs, and not with the student', async (id, name) => {
    const method = findMethod(id);
    const teacher = tinyCnn('teacher', 5, tinyClasses);
    const prepare = (loss: object) =>
      method.prepare(setupOf(method, [teacher], student()), method.options.parse({ method: id, ...loss }));
    const [stage] = (await prepare({ headEpochs: 7 })).stages ?? [];
    expect(stage).toMatchObject({ name, training: { epochs: 7 } });
    const run = await startRun(method, [teacher], student());
    const [own] = run.prepared.stages ?? [];
    const values = () => [...(own?.variables.values() ?? [])].map((variable) => [...variable.dataSync()]);
    const before = values();
    run.step();
    expect(before.length).toBeGreaterThan(2);
    expect(values()).toEqual(before);
  });
});

const quiet: Watcher = {
  point: () => Promise.resolve(),
  stepped: () => Promise.resolve(),
  checkpoint: () => Promise.resolve(),
  shouldStop: () => Promise.resolve(false),
  note: () => Promise.resolve(),
};

describe('an order', () => {
  it('that a loss composes is what the epochs visit', async () => {
    const network = student();
    const seen: number[][] = [];
    const asked: number[] = [];
    const train = tinySplit(network.info.inputShape);
    const prepared: Prepared = {
      taps: { student: [], teachers: [] },
      order: (_, epoch) => {
        asked.push(epoch);
        return Int32Array.from(train.labels.keys()).reverse();
      },
      draw: (_, { indices }) => {
        seen.push([...indices]);
        return {};
      },
      losses: (step) => ({ '': crossEntropy(step.student().logits, step.batch.labels) }),
    };
    const running = startStage(
      {
        name: 'student',
        training: trainingSchema.parse({ epochs: 2, batchSize: tinyBatchSize }),
        stepsPerEpoch: 2,
        stream: 'student',
        group: 'student',
        network,
        teachers: [],
        terms: [{ label: 'test', group: '0-test', weight: 1, prepared }],
      },
      taskMeasures.classification,
    );
    const dataset = { train, validation: train, test: null, classes: ['a', 'b', 'c'], hash: '' };
    const options = { dataset, augment: { flip: false, crop: 0, repeat: 0 }, seed: 1 };
    const cursor = { step: 0, pending: { count: 0, sums: {} } };
    expect(await trainStage(running, options, cursor, quiet)).toBe(true);
    expect(asked).toEqual([0, 1]);
    const halves = [
      [11, 10, 9, 8, 7, 6],
      [5, 4, 3, 2, 1, 0],
    ];
    expect(seen).toEqual([...halves, ...halves]);
    running.dispose();
  });
});
