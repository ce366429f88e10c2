import { Failed } from '../contract/failure';
import type { Split } from './dataset';
import { pictureSize, type PictureShape } from './pictures';
import { keptPositions, readPictures, type Wanted } from './source';

/** An object in pixels of its picture, as a file describes it; edges, not pixel numbers. */
export interface NamedBox {
  name: string;
  top: number;
  left: number;
  bottom: number;
  right: number;
}

/** One picture with its objects. */
export interface AnnotatedPicture {
  /** Absolute. */
  file: string;
  /** Where the objects are described, for messages. */
  source: string;
  /** As the description says; null where it says nothing. */
  size: { height: number; width: number } | null;
  boxes: NamedBox[];
}

/** How far a box may reach out of its picture, in pixels: programs disagree on where pixels begin. */
const tolerance = 1;

const requireSize = async ({ file, source, size }: AnnotatedPicture) => {
  const found = await pictureSize(file);
  if (!size || (size.height === found.height && size.width === found.width)) return found;
  throw new Failed(
    'dataInvalid',
    `${source} says that ${file} is ${size.height} x ${size.width}, but it is ${found.height} x ${found.width}.`,
    'Give the picture that was annotated: its boxes would lie elsewhere in this one.',
  );
};

/** A box as a row of shares of the picture, then the class. */
const rowOf = (
  box: NamedBox,
  { height, width }: { height: number; width: number },
  classes: readonly string[],
  source: string,
): number[] => {
  const { top, left, bottom, right, name } = box;
  const inside =
    top >= -tolerance && left >= -tolerance && bottom <= height + tolerance && right <= width + tolerance;
  const edges = `${left}, ${top} to ${right}, ${bottom}`;
  if (!inside)
    throw new Failed(
      'dataInvalid',
      `In ${source} the box of "${name}" (${edges}) lies outside its picture of ${width} x ${height}.`,
      'Correct the box, or remove it.',
    );
  if (!(bottom > top && right > left))
    throw new Failed(
      'dataInvalid',
      `In ${source} the box of "${name}" (${edges}) has no area.`,
      'Correct the box, or remove it.',
    );
  const share = (edge: number, length: number): number => Math.min(1, Math.max(0, edge / length));
  const label = classes.indexOf(name);
  if (label < 0)
    throw new Failed(
      'dataInvalid',
      `${source} names the class "${name}", which is none of ${classes.slice(0, 8).join(', ')}.`,
      'Add it to data.classes, or remove these objects.',
    );
  return [share(top, height), share(left, width), share(bottom, height), share(right, width), label];
};

/** The classes that occur, sorted. Throws `Failed` (dataInvalid) where nothing is annotated. */
export const classesOf = (pictures: readonly AnnotatedPicture[], where: string): string[] => {
  const names = [...new Set(pictures.flatMap(({ boxes }) => boxes.map(({ name }) => name)))].sort();
  if (names.length > 0) return names;
  throw new Failed(
    'dataInvalid',
    `No object is annotated in ${where}.`,
    'Give annotations with at least one box, or correct the path.',
  );
};

/** The split of the pictures that `limit` picks, boxes padded to the largest number of one picture. */
export const boxSplit = async (
  all: readonly AnnotatedPicture[],
  shape: PictureShape,
  classes: readonly string[],
  { limit, onDecoded }: Pick<Wanted, 'limit' | 'onDecoded'>,
): Promise<Split> => {
  const pictures = [...keptPositions(new Int32Array(all.length), limit)].map(
    (at) => all[at] as AnnotatedPicture,
  );
  const rows: number[][][] = [];
  for (const picture of pictures) {
    const size = await requireSize(picture);
    rows.push(picture.boxes.map((box) => rowOf(box, size, classes, picture.source)));
  }
  const most = Math.max(1, ...rows.map((boxes) => boxes.length));
  const values = new Float32Array(pictures.length * most * 5);
  for (let at = 4; at < values.length; at += 5) values[at] = -1;
  rows.forEach((boxes, picture) => boxes.forEach((row, box) => values.set(row, (picture * most + box) * 5)));
  return {
    count: pictures.length,
    shape,
    labels: new Int32Array(pictures.length),
    targets: { boxes: { shape: [most, 5], values } },
    values: await readPictures(
      pictures.map(({ file }) => file),
      shape,
      { onDecoded },
    ),
  };
};
