import { type LayerRow, shapeOf } from './layerRows';

/** One line across both columns. */
export interface AlignedRow {
  teacher: LayerRow | null;
  student: LayerRow | null;
}

/** How well two rows go side by side: what they are, and how deep in their stage they lie. */
const closeness = (
  one: LayerRow,
  other: LayerRow,
  depth: number,
  otherDepth: number,
  areEnds: boolean,
): number => {
  const [kind, otherKind] = [one.layers[0].kind, other.layers[0].kind];
  const isWeighted = one.layers[0].macs > 0 && other.layers[0].macs > 0;
  const sameKind = kind === otherKind ? (isWeighted ? 2 : 1.2) : 0;
  const sameSize = shapeOf(one).slice(0, -1).join() === shapeOf(other).slice(0, -1).join() ? 0.2 : 0;
  return 2 + sameKind + sameSize + (areEnds ? 0.8 : 0) - Math.abs(depth - otherDepth);
};

/**
 * Gives every row of the shorter side a row of the longer one, in order, so that like lies beside like and depths agree.
 */
export const alignRows = (teacher: readonly LayerRow[], student: readonly LayerRow[]): AlignedRow[] => {
  const isTeacherLonger = teacher.length >= student.length;
  const [long, short] = isTeacherLonger ? [teacher, student] : [student, teacher];
  const places = placesFor(long, short);
  const at = new Map(places.map((place, index) => [place, short[index] as LayerRow]));
  return long.map((row, index) => {
    const other = at.get(index) ?? null;
    return isTeacherLonger ? { teacher: row, student: other } : { teacher: other, student: row };
  });
};

/** The place among `long` of each of `short`: rising, and with the greatest sum of closeness. */
const placesFor = (long: readonly LayerRow[], short: readonly LayerRow[]): number[] => {
  const slack = long.length - short.length;
  const depthOf = (index: number, count: number): number => (count > 1 ? index / (count - 1) : 1);
  const starts = [short, long].map((rows) => rows.findIndex((row) => row.layers[0].macs > 0));
  const score = (index: number, place: number): number =>
    closeness(
      short[index] as LayerRow,
      long[place] as LayerRow,
      depthOf(index, short.length),
      depthOf(place, long.length),
      (index === short.length - 1 && place === long.length - 1) ||
        (index === starts[0] && place === starts[1]),
    );
  // best[index][skipped]: of placing short[index…] with `skipped` rows of the longer side passed over before.
  const width = slack + 1;
  const best = new Float64Array((short.length + 1) * width);
  for (let index = short.length - 1; index >= 0; index--)
    for (let skipped = slack; skipped >= 0; skipped--) {
      const here = score(index, index + skipped) + (best[(index + 1) * width + skipped] ?? 0);
      const later = skipped < slack ? (best[index * width + skipped + 1] ?? 0) : -Infinity;
      best[index * width + skipped] = Math.max(here, later);
    }
  const places: number[] = [];
  let skipped = 0;
  for (let index = 0; index < short.length; index++) {
    const here = (): number => score(index, index + skipped) + (best[(index + 1) * width + skipped] ?? 0);
    while (skipped < slack && (best[index * width + skipped] ?? 0) > here()) skipped++;
    places.push(index + skipped);
  }
  return places;
};
