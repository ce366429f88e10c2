import { vsCodeApi } from './host';

/**
 * What the user looks at and how it is arranged, kept across reloads. Never data: that is asked for again. A state of
 * another version, or with a field of another type, is left out field by field.
 */
export class SavedState<T extends object> {
  private value: T;

  constructor(
    private readonly version: number,
    initial: T,
  ) {
    this.value = restore(vsCodeApi().getState(), version, initial);
  }

  get(): Readonly<T> {
    return this.value;
  }

  update(change: Partial<T>): void {
    this.value = { ...this.value, ...change };
    vsCodeApi().setState({ version: this.version, ...this.value });
  }
}

/** The saved fields that have the type of their initial value, over `initial`. */
export const restore = <T extends object>(saved: unknown, version: number, initial: T): T => {
  if (!isRecord(saved) || saved['version'] !== version) return initial;
  const fitting = Object.entries(initial).flatMap(([key, value]) =>
    key in saved && sameKind(saved[key], value) ? [[key, saved[key]] as const] : [],
  );
  return { ...initial, ...Object.fromEntries(fitting) };
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** A field that starts as null may hold anything; its reader checks it. */
const sameKind = (saved: unknown, initial: unknown): boolean =>
  initial === null || (typeof saved === typeof initial && Array.isArray(saved) === Array.isArray(initial));
