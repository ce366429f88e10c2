import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Failed } from '../contract/failure';
import { crossEntropy } from '../losses/crossEntropy';
import type { Network, Outputs } from '../models/network';
import type { Setup, Step, View } from './method';

/** The parameter `networks` of an online method. */
export const cohortSize = z
  .int()
  .min(2)
  .max(8)
  .default(2)
  .describe('Students that learn together, each as costly as one; the first is kept.');

/** The networks of an online method: the run's student, number 0, and peers that are trained beside it. */
export interface Cohort {
  /** The peers by name, for `Prepared.networks`. */
  peers: ReadonlyMap<string, Network>;
  /** The student's pass, then the peers'; without a view on the plain batch. */
  outputs(step: Step, view?: View): Outputs[];
}

/** Opens `networks - 1` peers: copies of the student, each freshly initialised. */
export const openCohort = async (setup: Setup, networks: number): Promise<Cohort> => {
  const peers = new Map<string, Network>();
  for (let which = 1; which < networks; which++) {
    const name = `peer${which}`;
    peers.set(name, await setup.openPeer(name));
  }
  return {
    peers,
    outputs: (step, view) => [
      step.student(view),
      ...[...peers.keys()].map((name) => step.network(name, view)),
    ],
  };
};

/** The cross-entropy of every peer, by its name; the student's is the recipe's `task`. */
export const peerCrossEntropies = ({ peers }: Cohort, step: Step): Record<string, tf.Scalar> =>
  Object.fromEntries(
    [...peers.keys()].map((name) => [name, crossEntropy(step.network(name).logits, step.batch.labels)]),
  );

/** Throws `Failed` (recipeInvalid) unless some class has two samples, and batches have room for them. */
export const requirePairsOfClass = ({ labels, batchSize }: Setup, method: string): void => {
  if (new Set(labels).size === labels.length || batchSize < 2) {
    throw new Failed(
      'recipeInvalid',
      `The method ${method} compares samples of one class within a batch, and no batch would hold two.`,
      'Use data with at least two samples per class, and a "batchSize" of 2 or more.',
    );
  }
};
