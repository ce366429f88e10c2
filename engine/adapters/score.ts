import type { Candidate } from '../contract/profile';
import { isMap } from './build';
import { matchMonotone, type Match } from './matching';

/** A network's candidates and the input that their sizes are measured by. */
export interface Side {
  inputShape: readonly number[];
  candidates: readonly Candidate[];
}

/** What a pair must score to be matched at all: a factor of two in size passes where the depths agree, a factor of four never. */
export const leastScore = 0.6;

const weights = { resolution: 0.65, depth: 0.35 };

/** Of the score once similarity is known; it is no more, for a student that is not trained yet says little. */
const similarityShare = 0.25;

/** Halvings between the input and a map, the mean of height and width. */
const halvings = (shape: readonly number[], input: readonly number[]): number => {
  const steps = [0, 1].map((axis) => Math.log2((input[axis] ?? 1) / (shape[axis] ?? 1)));
  return steps.reduce((sum, step) => sum + step, 0) / steps.length;
};

/** How alike two sizes are: 1 for equal ones, 0.5 for a factor of two, 0 for a factor of four or more. */
const resolutionScore = (teacher: Candidate, student: Candidate, inputs: readonly [Side, Side]): number => {
  if (!isMap(teacher.shape) || !isMap(student.shape)) return 1;
  const equal = teacher.shape[0] === student.shape[0] && teacher.shape[1] === student.shape[1];
  if (equal) return 1;
  const apart = Math.abs(
    halvings(teacher.shape, inputs[0].inputShape) - halvings(student.shape, inputs[1].inputShape),
  );
  // Odd sizes round differently: 7 and 8 of the same input are one stage.
  return apart < 0.25 ? 0.95 : Math.max(0, 1 - apart / 2);
};

const comparable = (teacher: Candidate, student: Candidate): boolean =>
  isMap(teacher.shape) === isMap(student.shape) &&
  (teacher.role === 'logits') === (student.role === 'logits');

/**
 * How well each teacher candidate (row) goes with each student candidate (column), from 0 to 1, by resolution and by
 * depth, and by `similarity` where it is known; -Infinity where one is a map and the other is not, or one is the logits.
 */
export const scorePairs = (
  teacher: Side,
  student: Side,
  similarity?: readonly (readonly (number | null)[])[],
): number[][] =>
  teacher.candidates.map((one, row) =>
    student.candidates.map((other, column) => {
      if (!comparable(one, other)) return -Infinity;
      const structural =
        weights.resolution * resolutionScore(one, other, [teacher, student]) +
        weights.depth * (1 - Math.abs(one.depth - other.depth));
      const alike = similarity?.[row]?.[column];
      return alike === undefined || alike === null
        ? structural
        : (1 - similarityShare) * structural + similarityShare * alike;
    }),
  );

/** The best monotone matching of two networks, shallowest first. */
export const matchCandidates = (scores: readonly (readonly number[])[]): Match[] =>
  matchMonotone(scores.map((row) => row.map((score) => score - leastScore)));
