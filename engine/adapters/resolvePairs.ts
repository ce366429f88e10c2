import { closest } from 'fastest-levenshtein';
import { Failed } from '../contract/failure';
import type { ModelInfo } from '../contract/model';
import type { Pair } from '../contract/recipe';
import type { ResolvedPair } from '../methods/method';
import { tapShape } from '../models/network';
import { proposeFor, type PairsMethod } from './propose';

/**
 * The shape of a tap, without the batch dimension.
 * Throws `Failed` (pairMismatch) for a layer that the model does not have, naming the nearest that it has.
 */
export const requireTap = (info: ModelInfo, tap: string, role: 'teacher' | 'student'): readonly number[] => {
  const shape = info.taps.includes(tap) ? tapShape(info, tap) : undefined;
  if (shape) {
    return shape;
  }
  const nearest = info.taps.length > 0 ? ` The nearest name is "${closest(tap, info.taps)}".` : '';
  throw new Failed(
    'pairMismatch',
    `The ${role} "${info.name}" has no layer "${tap}" that can be matched.${nearest}`,
    `List its layers with: retort profile ${info.reference}`,
  );
};

/**
 * The recipe's pairs, or the proposed ones where it names none, with the shapes of both layers.
 * Throws `Failed`: pairMismatch for an unknown layer, recipeInvalid for pairs that the method does not use.
 */
export const resolvePairs = (
  pairs: readonly Pair[] | undefined,
  teacher: ModelInfo,
  student: ModelInfo,
  method: PairsMethod,
): ResolvedPair[] => {
  if (method.pairs === 'none' && pairs && pairs.length > 0) {
    throw new Failed(
      'recipeInvalid',
      `The method "${method.id}" matches no layers, but its loss names pairs.`,
      'Remove "pairs" from this loss.',
    );
  }
  if (method.pairs === 'features' && pairs?.length === 0) {
    throw new Failed(
      'recipeInvalid',
      `The method "${method.id}" matches layers, but its list of pairs is empty.`,
      'Name at least one pair, or remove "pairs" to take the proposed ones.',
    );
  }
  return (pairs ?? proposeFor(method, teacher, student)).map((pair) => ({
    ...pair,
    teacherShape: requireTap(teacher, pair.teacher, 'teacher'),
    studentShape: requireTap(student, pair.student, 'student'),
  }));
};
