import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../../engine/backend/choose';
import { batchOrder, makeBatch } from '../../engine/data/batches';
import type { Split } from '../../engine/data/dataset';
import { compileStep } from '../../engine/graph/graphStep';
import { openModel } from '../../engine/models/open';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun, type PreparedRun } from '../../engine/run/prepare';
import { Random } from '../../engine/random';
import type { GivenOutputs } from '../../engine/training/passes';
import { startStage, type RunningStage } from '../../engine/training/stage';
import type { StepInputs } from '../../engine/training/step';
import { createEagerRunner, createStepRunner } from '../../engine/training/stepRunner';
import { openTeacherCache } from '../../engine/training/teacherCache';
import { inputOptions, writeProject } from './project';
import { matrixSide, type BenchTask } from './tasks';

/** How the engine computes: which backend, and whether a step is one graph. */
export interface EngineSubject {
  backend: 'tensorflow' | 'wasm' | 'cpu';
  graph: boolean;
  /** Without the native kernels of ours. */
  plain?: true;
}

/** A task made ready. */
export interface Work {
  /** Floating-point operations of one `run`, counting those of convolutions and matrix products; 0 where none. */
  operations: number;
  /** Once, to the end: gives a number that depends on the whole of it, NaN where the work has none. */
  run(): number;
}

interface Place {
  /** Where the generated data and recipe are written. */
  folder: string;
  /** The file of the networks' code. */
  models: string;
  batch: number;
}

const matrixProduct = (): Work => {
  const side = matrixSide;
  const [one, other] = [tf.randomNormal([side, side]), tf.randomNormal([side, side])];
  const run = () => {
    tf.dispose(tf.matMul(one, other));
    return NaN;
  };
  return { operations: 2 * side ** 3, run };
};

const positionsOf = (batch: number): Int32Array => Int32Array.from({ length: batch }, (_, index) => index);

const forwardPass = async (task: BenchTask, { models, batch }: Place, graph: boolean): Promise<Work> => {
  const network = await openModel(`${models}#${task.network}`, { input: inputOptions, seed: 'bench' });
  const { inputShape, macs } = network.info;
  const images = tf.randomUniform([batch, ...inputShape], 0, 255, 'float32', 7);
  const forward = () =>
    tf.tidy(() => ({
      mean: network.forward(images, { taps: [], training: false }).logits.mean<tf.Scalar>(),
    }));
  const operations = 2 * macs * batch;
  if (!graph) return { operations, run: () => tf.tidy(() => forward().mean.dataSync()[0] ?? NaN) };
  const weights = [...network.trainable.values(), ...network.statistics.values()];
  const compiled = compileStep([images], forward, weights);
  return { operations, run: () => compiled.run([images]).mean ?? NaN };
};

const inputsOf = (split: Split, batch: number): StepInputs => ({
  batch: makeBatch(split, positionsOf(batch), null, new Random('bench')),
  drawn: new Map(),
  learningRate: tf.scalar(0.01),
  epoch: tf.scalar(0),
  seed: tf.tensor1d([3, 7], 'int32'),
});

/** The outputs that the teachers of a stage gave in its first epoch, anew for every step. */
const keptOutputs = async (
  { dataset, frozen }: PreparedRun,
  running: RunningStage,
  { folder, batch }: Place,
): Promise<() => GivenOutputs> => {
  const { data, seed, cache: limits } = frozen.recipe;
  const { cache, note } = await openTeacherCache({
    running,
    source: { split: dataset.train, augment: data.augment, seed },
    data: dataset.hash,
    place: { ...limits, folder: join(folder, `cache-${process.pid}`) },
    orderOf: (epoch) => batchOrder(dataset.train.count, seed, epoch),
  });
  if (!cache) throw new Error(note ?? 'No loss reads the teacher.');
  const positions = positionsOf(batch);
  return () => cache.outputs(positions, 1);
};

const trainingStep = async (task: BenchTask, place: Place, graph: boolean): Promise<Work> => {
  const { folder, models, batch } = place;
  const file = await writeProject(folder, models, task, batch);
  const recipe = { ...(await readRecipe(file)), backend: tf.getBackend() as EngineSubject['backend'] };
  const prepared = await prepareRun(freezeRecipe(recipe, file));
  const stage = prepared.stages.at(-1);
  if (!stage) throw new Error('The recipe has no stage.');
  const running = startStage(stage, prepared.measures);
  const refuse = (reason: string): never => {
    throw new Error(`The step is no graph, since ${reason}.`);
  };
  const runner = graph ? createStepRunner(running.plan, refuse) : createEagerRunner(running.plan);
  const inputs = inputsOf(prepared.dataset.train, batch);
  const outputs = task.kept ? await keptOutputs(prepared, running, place) : null;
  const teachers = task.kept ? [] : prepared.teachers;
  const teacherMacs = teachers.reduce((sum, teacher) => sum + teacher.info.macs, 0);
  const run = () => {
    const given: GivenOutputs = outputs?.() ?? new Map();
    const { loss } = runner.run({ ...inputs, given }, 'bench');
    tf.dispose([...given.values()].map((tensors) => Object.values(tensors)));
    return loss ?? NaN;
  };
  return { operations: 2 * batch * (3 * prepared.student.info.macs + teacherMacs), run };
};

const inputPipeline = async (task: BenchTask, { folder, models, batch }: Place): Promise<Work> => {
  const file = await writeProject(folder, models, task, batch);
  const { dataset, frozen } = await prepareRun(freezeRecipe(await readRecipe(file), file));
  const { augment } = frozen.recipe.data;
  let done = 0;
  return {
    operations: 0,
    run: () => {
      const made = makeBatch(dataset.train, positionsOf(batch), augment, new Random(`bench/${done++}`));
      tf.dispose([made.images, made.labels, made.indices]);
      return NaN;
    },
  };
};

/** Sets the backend and makes a task ready; the first `run` may take longer than the following ones. */
export const openWork = async (task: BenchTask, subject: EngineSubject, place: Place): Promise<Work> => {
  if (subject.plain) process.env.RETORT_NATIVE_KERNELS = 'off';
  const { passedOver } = await useBackend(subject.backend);
  const missing = passedOver.find(({ name }) => name === 'native kernels');
  if (missing && !subject.plain) throw new Error(`There are no ${missing.name}. ${missing.reason}`);
  switch (task.kind) {
    case 'matmul':
      return matrixProduct();
    case 'batches':
      return inputPipeline(task, place);
    case 'forward':
      return forwardPass(task, place, subject.graph);
    case 'step':
      return trainingStep(task, place, subject.graph);
  }
};
