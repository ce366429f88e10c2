import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { FrozenRecipe, ValueColumn } from '../contract/run';
import type { Network } from '../models/network';
import { Random } from '../random';
import { writeWhole } from '../wholeFile';

/** Tells beside an exported student what its inputs and outputs are. */
export const columnsFile = 'columns.json';

const samples = 4;
const openSize = 32;
/** Relative to the largest output. */
const tolerance = 1e-4;

/** Kernel and bias of the layer that makes the outputs, where it has both. */
const lastWeights = ({ info, trainable }: Network): [tf.Variable, tf.Variable] | null => {
  const last = info.layers.findLast((layer) => layer.parameters > 0)?.name;
  const [kernel, bias] = [trainable.get(`${last}/kernel`), trainable.get(`${last}/bias`)];
  return kernel && bias && kernel.shape.at(-1) === bias.shape[0] ? [kernel, bias] : null;
};

const outputsOf = (network: Network): number[] =>
  tf.tidy(() => {
    const shape = [samples, ...network.info.inputShape.map((size) => (size > 0 ? size : openSize))];
    const random = new Random('units');
    const raw = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.uniform());
    const { logits } = network.forward(tf.tensor(raw, shape), { taps: [], training: false });
    return [...logits.dataSync()];
  });

const agree = (found: readonly number[], wanted: readonly number[]): boolean => {
  const largest = Math.max(1, ...wanted.map(Math.abs));
  return found.every((value, at) => Math.abs(value - (wanted[at] as number)) <= tolerance * largest);
};

/**
 * Does `work` while the network's last layer, if it is linear, gives values in the targets' units instead of standard
 * deviations: kernel * std, bias * std + mean. Tells `work` whether it does; the weights are put back after it.
 */
export const inTargetUnits = async <T>(
  network: Network,
  columns: readonly ValueColumn[],
  work: (isScaled: boolean) => Promise<T>,
): Promise<T> => {
  const weights = lastWeights(network);
  if (!weights || weights[1].shape[0] !== columns.length) return work(false);
  const before = outputsOf(network);
  const kept = weights.map((variable) => variable.clone());
  const [kernel, bias] = weights;
  tf.tidy(() => {
    const [std, mean] = [columns.map((one) => one.std), columns.map((one) => one.mean)];
    kernel.assign(kernel.mul(std));
    bias.assign(bias.mul(std).add(mean));
  });
  const scaled = before.map((value, at) => {
    const { mean, std } = columns[at % columns.length] as ValueColumn;
    return value * std + mean;
  });
  const putBack = (): void => weights.forEach((variable, which) => variable.assign(kept[which] as tf.Tensor));
  try {
    const isLinear = agree(outputsOf(network), scaled);
    if (!isLinear) putBack();
    return await work(isLinear);
  } finally {
    putBack();
    tf.dispose(kept);
  }
};

/** Writes what the inputs and outputs of a student are, where a table or values were learnt. */
export const writeColumns = async (
  folder: string,
  { inputs, outputs }: Pick<FrozenRecipe, 'inputs' | 'outputs'>,
  isScaled: boolean,
): Promise<void> => {
  if (!inputs && !outputs) return;
  const said = outputs?.map(({ name, mean, std }) => (isScaled ? { name } : { name, mean, std }));
  const columns = { ...(inputs ? { inputs } : {}), ...(said ? { outputs: said } : {}) };
  await writeWhole(join(folder, columnsFile), `${JSON.stringify(columns, null, 2)}\n`);
};
