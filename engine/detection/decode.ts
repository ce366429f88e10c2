import { overlap, type Detection } from './boxes';
import { geometryChannels } from './head';

export interface DecodeOptions {
  /** Scores below are no detections. */
  leastScore: number;
  /** Of two boxes of a class that overlap more, the one with the lower score is left out. */
  mostOverlap: number;
  /** The best so many of a picture. */
  most: number;
}

const defaults: DecodeOptions = { leastScore: 0.01, mostOverlap: 0.5, most: 100 };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** exp() of a size beyond this many cells says nothing more. */
const largestLog = 10;

/** Whether no neighbour of the cell scores higher for this class: ties go to the first. */
const isPeak = (scores: (row: number, column: number) => number, row: number, column: number): boolean => {
  const own = scores(row, column);
  for (let down = -1; down <= 1; down++)
    for (let right = -1; right <= 1; right++) {
      const other = scores(row + down, column + right);
      const isEarlier = down < 0 || (down === 0 && right < 0);
      if (other > own || (isEarlier && other === own)) return false;
    }
  return true;
};

/** Leaves out boxes that overlap a better one of their class; best first. */
export const suppress = (detections: readonly Detection[], mostOverlap: number): Detection[] => {
  const kept: Detection[] = [];
  for (const one of [...detections].sort((a, b) => b.score - a.score))
    if (!kept.some((other) => other.label === one.label && overlap(one, other) > mostOverlap)) kept.push(one);
  return kept;
};

/**
 * The boxes that a head's outputs for one picture stand for (see engine/detection/head.ts), best first.
 * @param values [rows, columns, classes + 4], row-major
 */
export const decode = (
  values: ArrayLike<number>,
  [rows, columns, channels]: readonly [number, number, number],
  options: Partial<DecodeOptions> = {},
): Detection[] => {
  const { leastScore, mostOverlap, most } = { ...defaults, ...options };
  const classes = channels - geometryChannels;
  const at = (row: number, column: number, channel: number): number =>
    row < 0 || column < 0 || row >= rows || column >= columns
      ? -Infinity
      : (values[(row * columns + column) * channels + channel] as number);
  const found: Detection[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let label = 0; label < classes; label++) {
        const score = sigmoid(at(row, column, label));
        if (!(score >= leastScore) || !isPeak((y, x) => at(y, x, label), row, column)) continue;
        const [down = 0, right = 0, logHeight = 0, logWidth = 0] = [0, 1, 2, 3].map((which) =>
          at(row, column, classes + which),
        );
        const [y, x] = [(row + down) / rows, (column + right) / columns];
        const height = Math.exp(Math.min(logHeight, largestLog)) / rows / 2;
        const width = Math.exp(Math.min(logWidth, largestLog)) / columns / 2;
        found.push({ top: y - height, left: x - width, bottom: y + height, right: x + width, label, score });
      }
  return suppress(found, mostOverlap).slice(0, most);
};
