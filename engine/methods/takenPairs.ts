import type { MethodPairs } from '../contract/profile';
import type { Pair } from '../contract/recipe';
import { methods } from './registry';

/** What each method that matches layers does with proposed pairs, shallowest first; by the method's id. */
export const takenPairs = (pairs: readonly Pair[]): Record<string, MethodPairs> =>
  Object.fromEntries(
    methods
      .filter((method) => method.pairs === 'features')
      .map(({ id, keepPairs, needs }) => {
        const kept = keepPairs?.(pairs) ?? pairs;
        const places = kept.map((pair) => pairs.indexOf(pair)).filter((place) => place >= 0);
        return [id, { places, adapts: needs?.channels === 'same' && needs.connector === undefined }];
      }),
  );
