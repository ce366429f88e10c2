import { type LayerRow, shapeOf, shapeWords } from './layerRows';

/** A stretch of rows whose maps have about one size, or are vectors. */
export interface Stage {
  rows: readonly LayerRow[];
  /** Side of the maps as a share of the input's; null for vectors and whatever is no map. */
  scale: number | null;
}

/** Two stages that lie beside each other; one may be missing. */
export interface Band {
  teacher: Stage | null;
  student: Stage | null;
}

/** A stage ends where the side of the maps changes by this factor: less is an unpadded kernel. */
const stageFactor = 1.4;
/** Vectors between maps of one size, at most so many, stay within their stage: squeeze-and-excite. */
const longestDetour = 6;

/** Geometric mean of the lengths but for the channels; null for vectors. */
const sideOf = (shape: readonly number[]): number | null => {
  const spatial = shape.slice(0, -1);
  if (spatial.length === 0) return null;
  const side = spatial.reduce((size, length) => size * length, 1) ** (1 / spatial.length);
  return side > 1 ? side : null;
};

const isSameSize = (one: number | null, other: number | null): boolean => {
  if (one === null || other === null) return one === other;
  return Math.max(one, other) / Math.min(one, other) < stageFactor;
};

/** Whether vectors from `from` on lead back to maps of this size. */
const comesBack = (sides: readonly (number | null)[], from: number, size: number | null): boolean => {
  const next = sides.findIndex((side, index) => index >= from && side !== null);
  return (
    next > from && next - from <= longestDetour && size !== null && isSameSize(sides[next] ?? null, size)
  );
};

/** Cuts a network where its resolution changes. */
export const stagesOf = (rows: readonly LayerRow[], inputSide: number): Stage[] => {
  const sides = rows.map((row) => sideOf(shapeOf(row)));
  const starts: number[] = [];
  let current: number | null | undefined;
  sides.forEach((side, index) => {
    if (current !== undefined && (isSameSize(current, side) || comesBack(sides, index, current))) return;
    starts.push(index);
    current = side;
  });
  return starts.map((start, nth) => {
    const side = sides[start] ?? null;
    return { rows: rows.slice(start, starts[nth + 1]), scale: side === null ? null : side / inputSide };
  });
};

/** Side of the maps that a network takes; 1 for vectors. */
export const inputSideOf = (shape: readonly number[]): number => sideOf(shape) ?? 1;

/** “32 × 32”, or “28 × 28 → 24 × 24” where it shrinks a little; “vectors” for what is no map. */
export const stageWords = ({ rows, scale }: Stage): string => {
  if (scale === null) return 'vectors';
  const sizes = rows.map((row) => shapeOf(row).slice(0, -1)).filter((size) => size.length > 0);
  const words = sizes.map((size) => shapeWords(size));
  const [first, last] = [words[0] ?? '', words.at(-1) ?? ''];
  return first === last ? first : `${first} → ${last}`;
};

/** How well two stages go together, from 0 to 1. */
const likeness = (teacher: Stage, student: Stage): number => {
  if (teacher.scale === null || student.scale === null) return teacher.scale === student.scale ? 1 : 0;
  return Math.max(0, 1 - Math.abs(Math.log2(teacher.scale / student.scale)));
};

/** Lays the stages of two networks beside each other: the monotone matching of most alike resolutions. */
export const bandsOf = (teacher: readonly Stage[], student: readonly Stage[]): Band[] => {
  const best = bestSuffix(teacher.length, student.length, (i, j) =>
    likeness(teacher[i] as Stage, student[j] as Stage),
  );
  const bands: Band[] = [];
  let [i, j] = [0, 0];
  while (i < teacher.length || j < student.length) {
    const here = best(i, j);
    const isMatch =
      i < teacher.length && j < student.length && here > best(i + 1, j) && here > best(i, j + 1);
    const takesTeacher = isMatch || (i < teacher.length && here === best(i + 1, j));
    const takesStudent = isMatch || !takesTeacher;
    bands.push({
      teacher: takesTeacher ? (teacher[i++] ?? null) : null,
      student: takesStudent ? (student[j++] ?? null) : null,
    });
  }
  return bands;
};

/** The best score of a monotone matching of what lies from (i, j) on; what stays alone scores nothing. */
export const bestSuffix = (
  rows: number,
  columns: number,
  score: (row: number, column: number) => number,
): ((row: number, column: number) => number) => {
  const width = columns + 1;
  const best = new Float64Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--)
    for (let j = columns - 1; j >= 0; j--) {
      const at = i * width + j;
      const matched = score(i, j) + (best[at + width + 1] ?? 0);
      best[at] = Math.max(best[at + width] ?? 0, best[at + 1] ?? 0, matched);
    }
  return (row, column) => best[row * width + column] ?? 0;
};
