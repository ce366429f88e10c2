/** A pair's curve through the gap between the columns; all in pixels. */
export interface CurveEnds {
  from: number;
  to: number;
}

/** A cubic curve from the left edge at `from` to the right edge at `to`, level at both ends. */
export const curvePath = ({ from, to }: CurveEnds, width: number, inset: number): string => {
  const [left, right] = [inset, width - inset];
  const bend = (right - left) * 0.45;
  return `M${left} ${from}C${left + bend} ${from} ${right - bend} ${to} ${right} ${to}`;
};

/** Where the labels of curves stand: their middles, moved apart until none is nearer than `apart` to the next. */
export const labelPlaces = (ends: readonly CurveEnds[], apart: number): number[] => {
  const wanted = ends.map(({ from, to }) => (from + to) / 2);
  const order = wanted.map((_, index) => index).sort((one, other) => at(wanted, one) - at(wanted, other));
  // Neighbours that would touch form a cluster around the mean of what its members want.
  const clusters: { members: number[]; centre: number }[] = [];
  for (const index of order) {
    clusters.push({ members: [index], centre: at(wanted, index) });
    for (let last = clusters.length - 1; last > 0 && touches(clusters, last, apart); last--)
      clusters.splice(last - 1, 2, merged(clusters, last, wanted));
  }
  const places = [...wanted];
  for (const { members, centre } of clusters)
    members.forEach((index, nth) => {
      places[index] = centre + (nth - (members.length - 1) / 2) * apart;
    });
  return places;
};

interface Cluster {
  members: number[];
  centre: number;
}

const at = (values: readonly number[], index: number): number => values[index] ?? 0;

const touches = (clusters: readonly Cluster[], last: number, apart: number): boolean => {
  const [above, below] = [clusters[last - 1], clusters[last]];
  if (!above || !below) return false;
  return below.centre - above.centre < ((above.members.length + below.members.length) / 2) * apart;
};

const merged = (clusters: readonly Cluster[], last: number, wanted: readonly number[]): Cluster => {
  const members = [...(clusters[last - 1]?.members ?? []), ...(clusters[last]?.members ?? [])];
  return { members, centre: members.reduce((sum, index) => sum + at(wanted, index), 0) / members.length };
};
