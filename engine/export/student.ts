import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { runFiles, type FrozenRecipe } from '../contract/run';
import { InputValues } from '../models/inputValues';
import type { Network } from '../models/network';
import { loadNewest, type ProbedNetwork } from '../probe/newestWeights';
import { openNetwork } from '../probe/openNetwork';
import { readFrozenRecipe } from '../run/folder';
import { explainDiskError, temporaryName } from '../wholeFile';
import { Random } from '../random';
import { loadPlainly } from './plainModel';
import { inTargetUnits, writeColumns } from './targetUnits';

type Columns = Pick<FrozenRecipe, 'inputs' | 'outputs'>;

const samples = 4;
/** Relative to the largest output where that is above one. */
const tolerance = 1e-6;
/** For sizes that the model leaves open. */
const openSize = 32;
const topologyFile = 'model.json';

/**
 * Writes a network as a layers-model that plain tfjs loads, whole or not at all: it is written beside the folder,
 * opened again, compared with the network on random inputs, then moved in. Other files in the folder stay.
 * Of a regression (`columns.outputs`) it gives values in the targets' units. What its inputs and outputs are is written
 * beside it where a table or values were learnt. Fails with `internal` where the outputs differ by more than 1e-6.
 */
export const exportStudent = async (
  network: Network,
  folder: string,
  columns: Columns = {},
): Promise<void> => {
  const temporary = temporaryName(folder);
  try {
    await mkdir(temporary, { recursive: true });
    await inTargetUnits(network, columns.outputs ?? [], async (isScaled) => {
      await network.save(temporary);
      await verify(network, join(temporary, topologyFile));
      await writeColumns(temporary, columns, isScaled);
    });
    await moveInto(temporary, folder);
  } catch (error) {
    throw explainDiskError(error, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
};

/** The topology last, so that a reader who finds a new one finds its weights too. */
const moveInto = async (from: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  const weights = (await readdir(from)).filter((name) => name !== topologyFile);
  for (const name of [...weights, topologyFile]) await rename(join(from, name), join(folder, name));
};

const verify = async (network: Network, file: string): Promise<void> => {
  const model = await loadPlainly(file);
  const values = new InputValues(network.info.inputShape, network.input);
  const differences = tf.tidy(() => {
    const raw = randomInput(network);
    const { logits } = network.forward(raw, { taps: [], training: false });
    const wanted = network.info.softmaxRemoved ? tf.softmax(logits) : logits;
    const outputs = model.predict(values.normalise(raw));
    const found = (Array.isArray(outputs) ? outputs.at(-1) : outputs) as tf.Tensor;
    return found.sub(wanted).abs().max().div(wanted.abs().max().maximum(1));
  });
  values.dispose();
  const [difference = NaN] = await differences.data();
  differences.dispose();
  model.dispose();
  if (difference <= tolerance) return;
  throw new Failed(
    'internal',
    `The exported model differs from the student by ${difference.toExponential(1)}.`,
    'Nothing was written. Report this with the recipe: the export must equal the student.',
  );
};

/** [samples, ...shape] in the range of raw values. */
const randomInput = (network: Network): tf.Tensor => {
  const shape = [samples, ...network.info.inputShape.map((size) => (size > 0 ? size : openSize))];
  const count = shape.reduce((product, size) => product * size, 1);
  const random = new Random('export');
  const values = Float32Array.from({ length: count }, () => random.uniform() * (network.input.divide ?? 1));
  return tf.tensor(values, shape);
};

/**
 * Writes a run's student once more: the chosen one, or that of the newest checkpoint while the run goes on or after it
 * was stopped. Gives the folder. Fails with `modelNotFound` where the student has no trained weights yet.
 */
export const exportFromRun = async (run: string, folder: string): Promise<string> => {
  const frozen = await readFrozenRecipe(run);
  const network = await openNetwork(run, frozen, 'student');
  try {
    const student: ProbedNetwork = { network, checkpoint: null };
    await loadNewest({ run, group: 'student', keep: frozen.recipe.keep }, student);
    if (student.checkpoint === null && !existsSync(join(run, runFiles.student, topologyFile))) {
      throw new Failed(
        'modelNotFound',
        'This run has not trained its student yet.',
        'Wait for its first checkpoint, or resume it.',
      );
    }
    // What the run saved at its end gives values in the targets' units already; the checkpoints do not.
    const { inputs, outputs } = frozen;
    const columns = { ...(inputs ? { inputs } : {}), ...(outputs ? { outputs } : {}) };
    await exportStudent(
      network,
      folder,
      student.checkpoint === null ? { ...(inputs ? { inputs } : {}) } : columns,
    );
  } finally {
    network.dispose();
  }
  return folder;
};
