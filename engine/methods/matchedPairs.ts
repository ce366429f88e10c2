import type * as tf from '@tensorflow/tfjs';
import { buildAdapter, chooseAdapter, describePair, isMap, mismatch } from '../adapters/build';
import { Failed } from '../contract/failure';
import type { Adapter, PairNeeds, Prepared, ResolvedPair, Setup, Step } from './method';

/** A pair with its adapter, under the name that its loss is shown by. */
export interface MatchedPair {
  /** The student's tap, with the teacher's where the student's is matched twice. */
  name: string;
  pair: ResolvedPair;
  adapter: Adapter;
}

const nameOf = (pair: ResolvedPair, pairs: readonly ResolvedPair[]): string =>
  pairs.filter((other) => other.student === pair.student).length > 1
    ? `${pair.student}~${pair.teacher}`
    : pair.student;

/**
 * Chooses and builds the adapter of every pair of a run.
 * Throws `Failed`: pairMismatch where a pair cannot work, recipeInvalid where one is named twice.
 */
export const matchPairs = (setup: Setup, needs: PairNeeds): MatchedPair[] => {
  const matched = setup.pairs.map((pair) => {
    const name = nameOf(pair, setup.pairs);
    const kind = chooseAdapter(pair, needs);
    const random = setup.random(`adapter/${name}`);
    return {
      name,
      pair,
      adapter: buildAdapter(kind, pair.studentShape, pair.teacherShape, random, name, pair.channels),
    };
  });
  const twice = matched.find(({ name }, index) => matched.findIndex((other) => other.name === name) < index);
  if (twice) {
    throw new Failed(
      'recipeInvalid',
      `The ${describePair(twice.pair)} are paired twice in one loss.`,
      'Remove one of the two pairs.',
    );
  }
  return matched;
};

/** Throws `Failed` (pairMismatch) unless both layers of every pair are feature maps. */
export const requireMaps = (setup: Setup, method: string, compared: string): void => {
  for (const pair of setup.pairs) {
    if (!isMap(pair.teacherShape) || !isMap(pair.studentShape)) {
      throw mismatch(
        pair,
        `${method} compares ${compared}, and ${isMap(pair.teacherShape) ? pair.student : pair.teacher} has no positions`,
        'Pair two layers whose outputs have a height and a width, such as convolutions.',
      );
    }
  }
};

/** Compares the student's tap, through its adapter, with the teacher's. */
export type PairLoss = (student: tf.Tensor, teacher: tf.Tensor, step: Step) => tf.Scalar;

/** A method that is one loss over every pair, with the first teacher. `readsLogits`: of the teacher, beside the taps. */
export const preparePairs = (
  matched: readonly MatchedPair[],
  loss: PairLoss,
  readsLogits = false,
): Prepared => ({
  taps: {
    student: matched.map(({ pair }) => pair.student),
    teachers: [matched.map(({ pair }) => pair.teacher)],
    ...(readsLogits ? {} : { logits: false }),
  },
  variables: new Map(matched.flatMap(({ adapter }) => [...adapter.variables])),
  memory: new Map(matched.flatMap(({ adapter }) => [...(adapter.statistics ?? [])])),
  adapters: matched.map(({ pair, adapter }) => ({ pair, adapter })),
  losses: (step: Step) => {
    const [student, teacher] = [step.student(), step.teacher()];
    return Object.fromEntries(
      matched.map(({ name, pair, adapter }) => [
        name,
        loss(adapter.apply(student.tap(pair.student), true), teacher.tap(pair.teacher), step),
      ]),
    );
  },
});
