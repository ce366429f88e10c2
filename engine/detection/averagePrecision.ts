import { overlap, type Box, type Detection } from './boxes';

export interface LabelledBox extends Box {
  label: number;
}

/** One picture: what is there, and what was found. */
export interface PictureBoxes {
  wanted: readonly LabelledBox[];
  found: readonly Detection[];
}

/** Whether each detection of a class is right, best score first. */
const judge = (pictures: readonly PictureBoxes[], label: number, leastOverlap: number): boolean[] => {
  const all = pictures.flatMap(({ found }, picture) =>
    found.filter((one) => one.label === label).map((one) => ({ one, picture })),
  );
  const taken = new Set<LabelledBox>();
  return all
    .sort((a, b) => b.one.score - a.one.score)
    .map(({ one, picture }) => {
      let best: { box: LabelledBox; share: number } | null = null;
      for (const box of pictures[picture]?.wanted ?? []) {
        const share = box.label === label ? overlap(one, box) : 0;
        if (share >= leastOverlap && share > (best?.share ?? 0)) best = { box, share };
      }
      if (!best || taken.has(best.box)) return false;
      taken.add(best.box);
      return true;
    });
};

/** Area below precision over recall, precision made falling first. `wanted` boxes are there to be found. */
const areaBelow = (right: readonly boolean[], wanted: number): number => {
  let hits = 0;
  const precision = right.map((isRight, index) => (hits += isRight ? 1 : 0) / (index + 1));
  let highest = 0;
  let sum = 0;
  for (let index = right.length - 1; index >= 0; index--) {
    highest = Math.max(highest, precision[index] as number);
    if (right[index]) sum += highest;
  }
  return sum / wanted;
};

/**
 * Mean average precision over the classes that occur among the wanted boxes; NaN where none does. A detection is right
 * where it overlaps its best wanted box of its class by `leastOverlap`, once a box.
 * Source: the PASCAL VOC development kit (2010 and later: area below the whole curve).
 */
export const averagePrecision = (pictures: readonly PictureBoxes[], leastOverlap: number): number => {
  const counts = new Map<number, number>();
  for (const { wanted } of pictures)
    for (const { label } of wanted) counts.set(label, (counts.get(label) ?? 0) + 1);
  const each = [...counts].map(([label, count]) => areaBelow(judge(pictures, label, leastOverlap), count));
  return each.reduce((sum, one) => sum + one, 0) / each.length;
};
