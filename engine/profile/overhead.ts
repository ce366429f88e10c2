import type { LayerProfile } from '../contract/profile';

/** What a layer works on: its multiply-accumulates, or what it writes where it has none. */
const workOf = ({ macs, activationBytes }: LayerProfile): number => macs || activationBytes;

/** A time that stays even for no work: the line through the layers of least and of most work. */
const intercept = (layers: readonly LayerProfile[], least: number): number => {
  const ordered = [...layers].sort((one, other) => workOf(one) - workOf(other));
  const [small, large] = [ordered[0], ordered.at(-1)];
  if (!small?.latency || !large?.latency) return 0;
  if (workOf(large) < 2 * workOf(small)) return Math.min(least, small.latency.median);
  const slope = (large.latency.median - small.latency.median) / (workOf(large) - workOf(small));
  const start = small.latency.median - Math.max(slope, 0) * workOf(small);
  return Math.min(Math.max(start, 0), small.latency.median);
};

/**
 * By layer, the milliseconds that it takes whatever its size: those of calling it. Estimated from the layers of its
 * kind, where their sizes differ, else from the quickest layer of all.
 */
export const overheads = (layers: readonly LayerProfile[]): ReadonlyMap<string, number> => {
  const timed = layers.filter(({ latency }) => latency !== null);
  const least = Math.min(...timed.map(({ latency }) => latency?.median ?? Infinity));
  const kinds = new Map<string, LayerProfile[]>();
  for (const layer of timed) kinds.set(layer.kind, [...(kinds.get(layer.kind) ?? []), layer]);
  return new Map(
    [...kinds.values()].flatMap((alike) => {
      const start = intercept(alike, least);
      return alike.map(({ name, latency }) => [name, Math.min(start, latency?.median ?? 0)] as const);
    }),
  );
};
