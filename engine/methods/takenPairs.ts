import type { Pair } from '../contract/recipe';
import { methods } from './registry';

/**
 * Of proposed pairs, shallowest first, the positions of those that each method that matches layers takes by default; by
 * the method's id.
 */
export const takenPairs = (pairs: readonly Pair[]): Record<string, number[]> =>
  Object.fromEntries(
    methods
      .filter((method) => method.pairs === 'features')
      .map((method) => {
        const kept = method.keepPairs?.(pairs) ?? pairs;
        return [method.id, kept.map((pair) => pairs.indexOf(pair)).filter((place) => place >= 0)];
      }),
  );
