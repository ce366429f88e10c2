import { Failed } from '../contract/failure';
import type { Network, Outputs } from '../models/network';
import type { Setup, Step } from './method';

/** The networks of an online method: the run's student, number 0, and peers that are trained beside it. */
export interface Cohort {
  /** The peers by name, for `Prepared.networks`. */
  peers: ReadonlyMap<string, Network>;
  /** Passes on the plain batch: the student's, then the peers'. */
  outputs(step: Step): Outputs[];
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
    outputs: (step) => [step.student(), ...[...peers.keys()].map((name) => step.network(name))],
  };
};

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
