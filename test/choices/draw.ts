import { fittingAdapters } from '../../engine/adapters/offers';
import { tappable } from '../../engine/adapters/stages';
import type { LayerInfo, ModelInfo } from '../../engine/contract/model';
import type { Pair } from '../../engine/contract/recipe';
import type { Random } from '../../engine/random';

/** Most pairs of one random choice. */
const mostPairs = 3;

const isMapLayer = (layer: LayerInfo): boolean => layer.shape.length === 3;

const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)] as T;

/** `count` different positions of `length`, in order. */
const positions = (random: Random, length: number, count: number): number[] =>
  [...random.permutation(length).slice(0, count)].sort((one, other) => one - other);

/**
 * A choice that someone without a proposal might make, and that Retort accepts for hints: one to three pairs of maps
 * from anywhere in both networks, in order, each with any adapter that fits and brings the channels together.
 */
export const drawChoice = (teacher: ModelInfo, student: ModelInfo, random: Random): Pair[] => {
  const [theirs, ours] = [teacher, student].map((info) => tappable(info).filter(isMapLayer));
  if (!theirs || !ours) return [];
  const count = 1 + random.integer(Math.min(mostPairs, theirs.length, ours.length));
  const [rows, columns] = [positions(random, theirs.length, count), positions(random, ours.length, count)];
  return rows.map((row, at): Pair => {
    const [one, other] = [theirs[row] as LayerInfo, ours[columns[at] as number] as LayerInfo];
    const of = ({ name, shape }: LayerInfo) => ({ tap: name, shape, depth: 0, role: 'stage' as const });
    const kinds = fittingAdapters({ teacher: of(one), student: of(other) });
    const adapter = pick(
      random,
      kinds.filter((kind) => kind !== 'assign'),
    );
    return { teacher: one.name, student: other.name, adapter };
  });
};
