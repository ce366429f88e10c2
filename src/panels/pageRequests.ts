import { Failed } from '../../engine/contract/failure';
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
