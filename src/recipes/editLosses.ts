import { applyEdits, modify, parse, type JSONPath, type ModificationOptions } from 'jsonc-parser';
import type { MethodInfo } from '../../engine/contract/model';
import type { LossDraft } from '../../engine/contract/pages';
import type { Pair } from '../../engine/contract/recipe';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const options: ModificationOptions = { formattingOptions: { insertSpaces: true, tabSize: 2 } };

const set = (text: string, path: JSONPath, value: unknown, more: ModificationOptions = {}): string =>
  applyEdits(text, modify(text, path, value, { ...options, ...more }));

/** Pairs as they compare: with the defaults of what they leave out. */
const comparable = (pairs: unknown): string =>
  JSON.stringify(
    Array.isArray(pairs)
      ? pairs
          .filter(isRecord)
          .map(({ teacher, student, adapter = 'auto', channels = null }) => [
            teacher,
            student,
            adapter,
            channels,
          ])
      : null,
  );

const plainPair = ({ teacher, student, adapter, channels }: Pair): Record<string, unknown> => ({
  teacher,
  student,
  ...(adapter === 'auto' ? {} : { adapter }),
  ...(channels ? { channels } : {}),
});

const changeLoss = (text: string, written: unknown, { index, weight, pairs }: LossDraft): string => {
  if (index === null || !isRecord(written)) return text;
  let changed = text;
  if ((written['weight'] ?? null) !== weight)
    changed = set(changed, ['losses', index, 'weight'], weight ?? undefined);
  if (pairs !== null && comparable(written['pairs']) !== comparable(pairs))
    changed = set(changed, ['losses', index, 'pairs'], pairs.map(plainPair));
  return changed;
};

const newLoss = ({ method, weight, pairs }: LossDraft, methods: readonly MethodInfo[]): object => ({
  method,
  weight: weight ?? methods.find(({ id }) => id === method)?.defaultWeight ?? 1,
  ...(pairs && pairs.length > 0 ? { pairs: pairs.map(plainPair) } : {}),
});

/**
 * A recipe's text with other losses: those that stay keep their other settings, their layout and their comments; those
 * that are left out go; new ones come last.
 */
export const editLosses = (
  text: string,
  losses: readonly LossDraft[],
  methods: readonly MethodInfo[],
): string => {
  const recipe: unknown = parse(text);
  const written: unknown[] = isRecord(recipe) && Array.isArray(recipe['losses']) ? recipe['losses'] : [];
  let changed = text;
  for (const loss of losses)
    if (loss.index !== null) changed = changeLoss(changed, written[loss.index], loss);
  for (let index = written.length - 1; index >= 0; index--)
    if (!losses.some((loss) => loss.index === index)) changed = set(changed, ['losses', index], undefined);
  for (const loss of losses)
    if (loss.index === null)
      changed = set(changed, ['losses', -1], newLoss(loss, methods), { isArrayInsertion: true });
  return changed;
};

/** Where two texts differ: offsets into the first, and what stands there in the second. */
export const differenceOf = (before: string, after: string): { from: number; to: number; text: string } => {
  const shortest = Math.min(before.length, after.length);
  let from = 0;
  while (from < shortest && before[from] === after[from]) from++;
  let tail = 0;
  while (tail < shortest - from && before[before.length - 1 - tail] === after[after.length - 1 - tail])
    tail++;
  return { from, to: before.length - tail, text: after.slice(from, after.length - tail) };
};
