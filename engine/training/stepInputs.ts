import * as tf from '@tensorflow/tfjs';
import { makeBatch } from '../data/batches';
import { batchTensors, type Batch, type Split } from '../data/dataset';
import { variantsOf, variantStreams, type Repetition } from '../data/variants';
import type { Prepared } from '../methods/method';
import { Random } from '../random';
import type { GivenOutputs } from './passes';
import { learningRateAt } from './schedule';
import type { RunningStage } from './stage';
import type { StepInputs, StepPlan } from './step';

/** What the inputs of a stage's steps are made from. */
export interface InputSource {
  split: Split;
  augment: Repetition;
  seed: number;
}

/** The inputs of one step, and the streams' name that everything random in it is drawn from. */
export interface MadeInputs {
  name: string;
  inputs: StepInputs;
  learningRate: number;
  dispose(): void;
}

const drawAll = (plan: StepPlan, split: Split, positions: Int32Array, name: string) => {
  const drawn = new Map<Prepared, Record<string, tf.Tensor>>();
  const labels = positions.map((position) => split.labels[position] ?? 0);
  for (const { group, prepared } of plan.terms) {
    const facts = { size: positions.length, labels, indices: positions };
    const made = prepared.draw?.(new Random(`${name}/${group}`), facts);
    if (made) drawn.set(prepared, made);
  }
  return drawn;
};

/** The samples at `positions` as `variant` shows them; where every picture is new, as drawn from `name`. */
export const makePictures = (
  { split, augment, seed }: InputSource,
  positions: Int32Array,
  variant: number,
  name: string,
): Batch => {
  const repeats = Number.isFinite(variantsOf(augment));
  const stream = repeats ? variantStreams(seed, variant) : new Random(`${name}/batch`);
  return makeBatch(split, positions, augment, stream);
};

/**
 * Makes what `step` (from 0) is given, from names that a resumed run makes it from again. `given` are outputs of
 * teachers that are there already; they are disposed of with the rest.
 */
export const makeStepInputs = (
  { stage, plan }: RunningStage,
  source: InputSource,
  step: number,
  positions: Int32Array,
  given: GivenOutputs,
): MadeInputs => {
  const name = `${source.seed}/${stage.stream}/${step}`;
  const epochs = step / stage.stepsPerEpoch;
  const { schedule, learningRate: peak, epochs: all } = stage.training;
  const learningRate = learningRateAt(schedule, peak, epochs, all);
  const stream = new Random(`${name}/layers`);
  const inputs: StepInputs = {
    batch: makePictures(source, positions, Math.floor(epochs) % variantsOf(source.augment), name),
    drawn: drawAll(plan, source.split, positions, name),
    learningRate: tf.scalar(learningRate),
    epoch: tf.scalar(epochs),
    seed: tf.tensor1d([stream.integer(2 ** 31), stream.integer(2 ** 31)], 'int32'),
    given,
  };
  const dispose = () =>
    tf.dispose([
      batchTensors(inputs.batch),
      inputs.learningRate,
      inputs.epoch,
      inputs.seed,
      ...[...inputs.drawn.values(), ...given.values()].map((one) => Object.values(one)),
    ]);
  return { name, inputs, learningRate, dispose };
};
