import { Failed } from '../contract/failure';
import type { MetricPoint } from '../contract/run';
import { batchOrder } from '../data/batches';
import type { Dataset } from '../data/dataset';
import type { Repetition } from '../data/variants';
import { evaluate } from './evaluate';
import { Random } from '../random';
import { createShareRunner, type ShareRunner } from './shareRunner';
import type { RunningStage } from './stage';
import type { StepInputs } from './step';
import { makeStepInputs, type InputSource } from './stepInputs';
import { createStepRunner, type StepRunner } from './stepRunner';
import { openTeacherCache, type CachePlace, type TeacherCache } from './teacherCache';

/** Where a stage stands; what a checkpoint keeps of it besides the variables. */
export interface Cursor {
  /** Steps done. */
  step: number;
  /** Sums of the live numbers since the last point. */
  pending: { count: number; sums: Record<string, number> };
}

/** What the loop tells, and what it asks. */
export interface Watcher {
  point(point: MetricPoint): Promise<void>;
  /** After every step. */
  stepped(cursor: Cursor, epoch: number): Promise<void>;
  /**
   * After each epoch (`epoch` whole epochs are done), with what its validation measured if it had one, and every
   * `checkpointEvery` steps without `measured`.
   */
  checkpoint(cursor: Cursor, epoch: number, measured: Record<string, number> | null): Promise<void>;
  shouldStop(): Promise<boolean>;
  /** Something about how the stage is trained that a user may want to know. */
  note(message: string): Promise<void>;
}

export interface TrainOptions {
  dataset: Dataset;
  augment: Repetition;
  seed: number;
  /** Where teacher outputs may be kept; without it, none are. */
  cache?: CachePlace;
}

/** What runs the steps of a stage, and what measures beside them. */
interface Runners {
  steps: StepRunner;
  shares: ShareRunner;
  /** Null where the teachers run within the steps. */
  cache: TeacherCache | null;
}

/** The live numbers of a step, and the losses' shares of its gradient where they were measured. */
interface StepNumbers {
  numbers: Record<string, number>;
  shares: Record<string, number> | null;
}

/** Measured before the step itself, in steps that depend on the recipe alone. */
const measureShares = (
  { stage }: RunningStage,
  { steps, shares }: Runners,
  inputs: StepInputs,
  step: number,
  name: string,
): StepNumbers['shares'] => {
  const { sharesEvery } = stage.training;
  if (!shares.isNeeded || sharesEvery === 0 || step % sharesEvery !== 0) return null;
  steps.pull();
  return shares.measure(inputs, name);
};

const inputSource = ({ dataset, augment, seed }: TrainOptions): InputSource => ({
  split: dataset.train,
  augment,
  seed,
});

/** The step itself, with everything random drawn from names that a resumed run draws again. */
const runStep = (
  running: RunningStage,
  runners: Runners,
  options: TrainOptions,
  step: number,
  positions: Int32Array,
): StepNumbers => {
  const source = inputSource(options);
  const epoch = Math.floor(step / running.stage.stepsPerEpoch);
  const given = runners.cache?.outputs(positions, epoch) ?? new Map();
  const { name, inputs, learningRate, dispose } = makeStepInputs(running, source, step, positions, given);
  try {
    const shares = measureShares(running, runners, inputs, step, name);
    return { numbers: { ...runners.steps.run(inputs, name), lr: learningRate }, shares };
  } finally {
    dispose();
  }
};

const guard = (numbers: Record<string, number>, stage: string, step: number): void => {
  const broken = Object.entries(numbers).find(([, value]) => !Number.isFinite(value));
  if (broken)
    throw new Failed(
      'notANumber',
      `${broken[0]} became ${broken[1]} in step ${step} of the stage "${stage}".`,
      'Lower the learning rate or that loss’s weight, or add warm-up; the last checkpoint holds the weights from before.',
    );
};

const collect = (cursor: Cursor, numbers: Record<string, number>): void => {
  cursor.pending.count++;
  for (const [name, value] of Object.entries(numbers))
    cursor.pending.sums[name] = (cursor.pending.sums[name] ?? 0) + value;
};

const flush = (cursor: Cursor, rate: number): Record<string, number> => {
  const { count, sums } = cursor.pending;
  cursor.pending = { count: 0, sums: {} };
  return { ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])), lr: rate };
};

const finishEpoch = async (
  running: RunningStage,
  options: TrainOptions,
  cursor: Cursor,
  epoch: number,
  watcher: Watcher,
) => {
  const { stage, plan } = running;
  const { dataset } = options;
  if (!plan.measures || dataset.validation.count === 0) return watcher.checkpoint(cursor, epoch, null);
  const measured = await evaluate(stage.network, dataset.validation, plan.measures, dataset);
  const values = Object.fromEntries(Object.entries(measured).map(([name, value]) => [`val_${name}`, value]));
  await watcher.point({ stage: stage.name, step: cursor.step, epoch, split: 'validation', values });
  await watcher.checkpoint(cursor, epoch, measured);
};

/** As a loss composes its batches, else at random. */
const orderOf = ({ plan }: RunningStage, { dataset, seed }: TrainOptions, epoch: number): Int32Array => {
  const composed = plan.terms
    .find(({ prepared }) => prepared.order)
    ?.prepared.order?.(new Random(`${seed}/order/${epoch}`), epoch);
  return composed ?? batchOrder(dataset.train.count, seed, epoch);
};

/** Gives false if the stage was asked to stop meanwhile: at a step that has its checkpoint. */
const completeCache = async (
  cache: TeacherCache | null,
  name: string,
  epoch: number,
  watcher: Watcher,
): Promise<boolean> => {
  let isTold = false;
  const goesOn = async (left: number): Promise<boolean> => {
    if (left > 1 && !isTold)
      await watcher.note(`The teacher computes ${left} batches again before the stage "${name}" goes on.`);
    isTold = true;
    await new Promise((resume) => setImmediate(resume));
    return !(await watcher.shouldStop());
  };
  return cache?.complete(epoch, goesOn) ?? true;
};

/** Gives false if the stage was asked to stop. */
const trainEpoch = async (
  running: RunningStage,
  runners: Runners,
  options: TrainOptions,
  cursor: Cursor,
  epoch: number,
  watcher: Watcher,
): Promise<boolean> => {
  const { stage, plan } = running;
  const { batchSize, logEvery, checkpointEvery } = stage.training;
  const order = orderOf(running, options, epoch);
  const begin = cursor.step - epoch * stage.stepsPerEpoch;
  if (begin === 0) for (const term of plan.terms) await term.prepared.beforeEpoch?.(epoch);
  const runner = runners.steps;
  runner.push();
  for (let index = begin; index < stage.stepsPerEpoch; index++) {
    if (await watcher.shouldStop()) {
      runner.pull();
      await watcher.checkpoint(cursor, epoch, null);
      return false;
    }
    const positions = order.slice(index * batchSize, (index + 1) * batchSize);
    const { numbers, shares } = runStep(running, runners, options, cursor.step, positions);
    cursor.step++;
    guard(numbers, stage.name, cursor.step);
    collect(cursor, numbers);
    const at = { stage: stage.name, step: cursor.step, epoch: epoch + 1, split: 'train' } as const;
    if (shares) await watcher.point({ ...at, values: shares });
    const isLast = index === stage.stepsPerEpoch - 1;
    if (isLast || cursor.step % logEvery === 0) {
      await watcher.point({ ...at, values: flush(cursor, numbers.lr ?? 0) });
    }
    await watcher.stepped(cursor, epoch + 1);
    if (!isLast && checkpointEvery !== undefined && cursor.step % checkpointEvery === 0) {
      runner.pull();
      await watcher.checkpoint(cursor, epoch, null);
    }
  }
  return true;
};

const openCache = async (
  running: RunningStage,
  options: TrainOptions,
  watcher: Watcher,
): Promise<TeacherCache | null> => {
  const { dataset, cache: place } = options;
  if (!place) return null;
  const { cache, note } = await openTeacherCache({
    running,
    source: inputSource(options),
    data: dataset.hash,
    place,
    orderOf: (epoch) => orderOf(running, options, epoch),
  });
  if (note !== null) await watcher.note(note);
  return cache;
};

/** Trains one stage from where the cursor stands to its end. Gives false if it was asked to stop. */
export const trainStage = async (
  running: RunningStage,
  options: TrainOptions,
  cursor: Cursor,
  watcher: Watcher,
): Promise<boolean> => {
  const { training, stepsPerEpoch, name } = running.stage;
  const notes: string[] = [];
  const runner = createStepRunner(running.plan, (reason) => notes.push(reason));
  const cache = await openCache(running, options, watcher);
  const runners = { steps: runner, shares: createShareRunner(running.plan), cache };
  try {
    for (let epoch = Math.floor(cursor.step / stepsPerEpoch); epoch < training.epochs; epoch++) {
      if (!(await completeCache(cache, name, epoch, watcher))) return false;
      if (!(await trainEpoch(running, runners, options, cursor, epoch, watcher))) return false;
      runner.pull();
      for (const reason of notes.splice(0))
        await watcher.note(`The stage "${name}" runs operation by operation, since ${reason}.`);
      await finishEpoch(running, options, cursor, epoch + 1, watcher);
    }
    return true;
  } finally {
    runner.dispose();
    runners.shares.dispose();
    cache?.close();
  }
};
