import type { ModelInfo } from '../contract/model';
import type { Pair } from '../contract/recipe';
import type { Candidate } from '../contract/profile';
import type { PairNeeds } from '../methods/method';
import { tapShape } from '../models/network';
import { chooseAdapter, isMap } from './build';
import { candidatesOf } from './candidates';
import { matchCandidates, scorePairs } from './score';

/** What choosing pairs needs to know of a method. */
export interface PairsMethod {
  id: string;
  pairs: 'none' | 'features';
  /** Of all proposed pairs, shallowest first, those that this method takes by default. */
  keepPairs?(proposed: readonly Pair[]): readonly Pair[];
  needs?: PairNeeds;
}

const isBody = ({ role }: Candidate): boolean => role !== 'logits';
const isBodyMap = (candidate: Candidate): boolean => isBody(candidate) && isMap(candidate.shape);

/** What a feature loss can compare of two networks: their maps, or their vectors where one of them has no maps. */
const bodiesOf = (sides: readonly (readonly Candidate[])[]): Candidate[][] => {
  const haveMaps = sides.every((side) => side.some(isBodyMap));
  return sides.map((side) =>
    side.filter((candidate) => isBody(candidate) && isMap(candidate.shape) === haveMaps),
  );
};

/**
 * Matches two networks' candidates: the best monotone matching of their bodies; where nothing goes together, the
 * deepest of each if both are maps or both vectors, else the logits.
 */
export const matchBodies = (
  teacher: { info: ModelInfo; candidates: readonly Candidate[] },
  student: { info: ModelInfo; candidates: readonly Candidate[] },
  similarity?: (teacher: Candidate, student: Candidate) => number | null,
): { teacher: Candidate; student: Candidate }[] => {
  const [theirs = [], ours = []] = bodiesOf([teacher.candidates, student.candidates]);
  const scores = scorePairs(
    { inputShape: teacher.info.inputShape, candidates: theirs },
    { inputShape: student.info.inputShape, candidates: ours },
    similarity && theirs.map((one) => ours.map((other) => similarity(one, other))),
  );
  const matches = matchCandidates(scores).map((match) => ({
    teacher: theirs[match.teacher] as Candidate,
    student: ours[match.student] as Candidate,
  }));
  if (matches.length > 0) return matches;
  const [last, own] = [theirs.at(-1), ours.at(-1)];
  if (last && own && isMap(last.shape) === isMap(own.shape)) return [{ teacher: last, student: own }];
  const [logits, ownLogits] = [teacher.candidates.at(-1), student.candidates.at(-1)];
  return logits && ownLogits ? [{ teacher: logits, student: ownLogits }] : [];
};

/**
 * Which layers to match, shallowest first, by what both networks' shapes and costs say: nothing is measured, so two
 * models always get the same pairs.
 */
export const proposePairs = (teacher: ModelInfo, student: ModelInfo): Pair[] =>
  matchBodies(
    { info: teacher, candidates: candidatesOf(teacher) },
    { info: student, candidates: candidatesOf(student) },
  ).map((match) => ({ teacher: match.teacher.tap, student: match.student.tap, adapter: 'auto' }));

/** The same pair with the adapter that it would get, where both layers can be compared. */
const withAdapter = (pair: Pair, teacher: ModelInfo, student: ModelInfo, needs: PairNeeds): Pair => {
  const [teacherShape, studentShape] = [tapShape(teacher, pair.teacher), tapShape(student, pair.student)];
  return teacherShape && studentShape
    ? { ...pair, adapter: chooseAdapter({ ...pair, teacherShape, studentShape }, needs) }
    : pair;
};

/**
 * What one method takes of the proposed pairs, each with its adapter; none for a method that matches no layers.
 * Throws `Failed` (pairMismatch) where the proposed layers cannot be compared.
 */
export const proposeFor = (method: PairsMethod, teacher: ModelInfo, student: ModelInfo): Pair[] => {
  if (method.pairs === 'none') {
    return [];
  }
  const proposed = proposePairs(teacher, student);
  const kept = method.keepPairs?.(proposed) ?? proposed;
  const { needs } = method;
  return kept.map((pair) => (needs ? withAdapter(pair, teacher, student, needs) : pair));
};
