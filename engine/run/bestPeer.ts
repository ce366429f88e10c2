import * as tf from '@tensorflow/tfjs';
import type { Dataset } from '../data/dataset';
import type { TaskMeasures } from '../measures/measures';
import type { Network } from '../models/network';
import { evaluate } from '../training/evaluate';
import type { Stage } from '../training/stage';

/** A network that was trained beside the student, and what the validation split says of both. */
export interface BestPeer {
  name: string;
  network: Network;
  value: number;
  student: number;
}

/** The peer that validates best, where one is better than the student. */
export const bestPeer = async (
  stage: Stage,
  dataset: Dataset,
  measures: TaskMeasures,
): Promise<BestPeer | null> => {
  const { metric, rising } = measures;
  const valueOf = async (network: Network): Promise<number> =>
    (await evaluate(network, dataset.validation, measures, dataset))[metric] ?? NaN;
  const student = await valueOf(stage.network);
  let best: BestPeer | null = null;
  for (const { prepared } of stage.terms)
    for (const [name, network] of prepared.networks ?? []) {
      const value = await valueOf(network);
      const before = best?.value ?? student;
      if (rising ? value > before : value < before) best = { name, network, value, student };
    }
  return best;
};

/** Gives a network the weights of another of the same build. */
export const copyWeights = (from: Network, to: Network): void =>
  tf.tidy(() => {
    for (const kind of ['trainable', 'statistics'] as const)
      for (const [name, variable] of to[kind]) {
        const other = from[kind].get(name);
        if (!other) throw new Error(`The peer has no variable ${name}.`);
        variable.assign(other.clone());
      }
  });
