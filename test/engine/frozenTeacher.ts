import * as tf from '@tensorflow/tfjs';
import { makeBatch } from '../../engine/data/batches';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun, type PreparedRun } from '../../engine/run/prepare';
import { Random } from '../../engine/random';
import { startStage } from '../../engine/training/stage';
import { trainStep, type StepInputs } from '../../engine/training/step';
import { createStepRunner } from '../../engine/training/stepRunner';
import type { TinyProject } from './tinyProject';

const losses = [
  { method: 'kd', weight: 1 },
  { method: 'cwd', weight: 3, pairs: [{ teacher: 'relu', student: 'conv2' }] },
];

/** The tiny project's run, distilling from a teacher whose tap `relu` is [6, 6, 5]. */
export const prepareFrozen = async (
  project: TinyProject,
  changes: Record<string, unknown>,
): Promise<PreparedRun> => {
  await project.change({ losses, control: false, ...changes });
  return prepareRun(freezeRecipe(await readRecipe(project.recipe), project.recipe));
};

const inputsOf = (prepared: PreparedRun, step: number): StepInputs => {
  const positions = Int32Array.from({ length: 8 }, (_, index) => step * 8 + index);
  const batch = makeBatch(prepared.dataset.train, positions, null, new Random('batch'));
  const seed = tf.tensor1d([step, 7], 'int32');
  return { batch, drawn: new Map(), learningRate: tf.scalar(0.05), epoch: tf.scalar(0), seed };
};

/** The losses of three steps, as the step runner gives them and operation by operation from the same start. */
export const stepsBothWays = (prepared: PreparedRun) => {
  const stage = prepared.stages.at(-1);
  if (!stage) throw new Error('The run has no stage.');
  const running = startStage(stage, prepared.measures);
  const notes: string[] = [];
  const runner = createStepRunner(running.plan, (reason) => notes.push(reason));
  const start = [...running.saved.values()].map((variable) => variable.clone());
  const inputs = [0, 1, 2].map((step) => inputsOf(prepared, step));
  const before = tf.memory().numTensors;
  const found = inputs.map((one) => runner.run(one, 'seed'));
  const left = tf.memory().numTensors - before;
  [...running.saved.values()].forEach((variable, index) => variable.assign(start[index] as tf.Tensor));
  const wanted = inputs.map((one) =>
    Object.fromEntries(
      Object.entries(trainStep(running.plan, one)).map(([name, scalar]) => [
        name,
        scalar.dataSync()[0] ?? NaN,
      ]),
    ),
  );
  runner.dispose();
  return { found, wanted, notes, left };
};
