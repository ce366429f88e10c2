import { Failed } from '../../engine/contract/failure';
import type { LossDraft } from '../../engine/contract/pages';
import type { AdapterKind, Pair } from '../../engine/contract/recipe';
import type { SheetRequest } from '../../engine/contract/sheet';

const longestName = 500;
const largestSample = 100_000_000;

const isName = (value: unknown): value is string => typeof value === 'string' && value.length <= longestName;
const isCount = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < largestSample;
export const isNetwork = (value: unknown): value is SheetRequest['network'] =>
  value === 'teacher' || value === 'student';
const isView = (value: unknown): value is SheetRequest['view'] =>
  value === 'values' || value === 'distribution' || value === 'adapted';

const malformed = (): Failed =>
  new Failed(
    'internal',
    'The page asked for something that does not exist.',
    'Close the page and open it again.',
  );

/** What a page asked for, checked field by field; nothing else is handed on. Throws `Failed`. */
export const checkedSheetRequest = (value: unknown): Omit<SheetRequest, 'run'> => {
  const request = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { network, tap, sample, view } = request;
  if (!isNetwork(network) || !isName(tap) || !isCount(sample) || !isView(view)) throw malformed();
  return { network, tap, sample, view };
};

export const checkedSample = (value: unknown): number => {
  if (!isCount(value)) throw malformed();
  return value;
};

export const isLayerName = isName;

const mostLosses = 100;
const mostPairs = 1000;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const checkedPair = (value: unknown): Pair => {
  const { teacher, student, adapter, channels } = isRecord(value) ? value : {};
  if (!isName(teacher) || !isName(student) || !isName(adapter)) throw malformed();
  const isAssigned = Array.isArray(channels) && channels.every(isCount);
  return { teacher, student, adapter: adapter as AdapterKind, ...(isAssigned ? { channels } : {}) };
};

const checkedLoss = (value: unknown): LossDraft => {
  const { method, weight, pairs, index } = isRecord(value) ? value : {};
  const isWeight = weight === null || (typeof weight === 'number' && Number.isFinite(weight) && weight >= 0);
  const isIndex = index === null || isCount(index);
  const arePairs = pairs === null || (Array.isArray(pairs) && pairs.length <= mostPairs);
  if (!isName(method) || !isWeight || !isIndex || !arePairs) throw malformed();
  return { method, weight, index, pairs: pairs && pairs.map(checkedPair) };
};

/** The losses that a page wants written, checked field by field. Throws `Failed`. */
export const checkedLosses = (value: unknown): LossDraft[] => {
  if (!Array.isArray(value) || value.length === 0 || value.length > mostLosses) throw malformed();
  return value.map(checkedLoss);
};
