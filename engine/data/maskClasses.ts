import { Failed } from '../contract/failure';
import type { DataOptions } from '../contract/data';
import { ignored } from './dataset';

type MaskOptions = Partial<Pick<Extract<DataOptions, { kind: 'masks' }>, 'classes' | 'ignore'>>;
type Pixel = NonNullable<MaskOptions['ignore']>[number];

/** Colours stand behind every grey value (16 bits): red, green and blue in the lower 24 bits. */
const colourBase = 0x1000000;
const mostClasses = 255;

/** The classes of masks, and which class each pixel value stands for. */
export interface MaskClasses {
  names: string[];
  /** Class numbers, or `ignored`, by pixel value. */
  byValue: ReadonlyMap<number, number>;
}

/** The number that a colour of a mask is known by; a grey one is its grey value. */
export const colourKey = (rgb: number): number => {
  const [red, green, blue] = [rgb >> 16, (rgb >> 8) & 0xff, rgb & 0xff];
  return red === green && green === blue ? blue : colourBase + rgb;
};

const keyOf = (pixel: Pixel): number =>
  typeof pixel === 'number' ? pixel : colourKey(Number.parseInt(pixel.slice(1), 16));

const nameOf = (key: number): string =>
  key < colourBase ? String(key) : `#${(key - colourBase).toString(16).padStart(6, '0')}`;

const named = (classes: NonNullable<MaskOptions['classes']>, ignore: readonly Pixel[]): MaskClasses => {
  const byValue = new Map<number, number>();
  Object.values(classes).forEach((pixels, which) => {
    for (const pixel of [pixels].flat()) {
      const key = keyOf(pixel);
      if (byValue.has(key))
        throw new Failed(
          'recipeInvalid',
          `In data.classes the pixel value ${nameOf(key)} stands for two classes.`,
          'Give every value to one class.',
        );
      byValue.set(key, which);
    }
  });
  for (const pixel of ignore) if (!byValue.has(keyOf(pixel))) byValue.set(keyOf(pixel), ignored);
  return { names: Object.keys(classes), byValue };
};

const isBinary = (found: ReadonlySet<number>): boolean =>
  found.has(ignored) && [...found].every((value) => value === 0 || value === ignored);

/**
 * What pixel values stand for. As `classes` says; else masks of 0 and 255 alone hold background and foreground, and
 * others the class numbers themselves. Values to ignore stand for no class. Throws `Failed` (dataInvalid).
 * @param found every value that occurs
 */
export const maskClasses = (
  found: ReadonlySet<number>,
  { classes, ignore = [ignored] }: MaskOptions,
): MaskClasses => {
  if (classes) return named(classes, ignore);
  if (isBinary(found))
    return {
      names: ['background', 'foreground'],
      byValue: new Map([
        [0, 0],
        [ignored, 1],
      ]),
    };
  const left = new Set(ignore.map(keyOf));
  const numbers = [...found].filter((value) => !left.has(value));
  const most = Math.max(...numbers, 0);
  if (most >= mostClasses)
    throw new Failed(
      'dataInvalid',
      `The masks hold ${most >= colourBase ? 'colours' : 'large numbers'}, e.g. ${nameOf(most)}, which are no class numbers.`,
      'Name the classes in the data section, each with its pixel value or colour: "classes": { "road": "#804080" }.',
    );
  const byValue = new Map(Array.from({ length: most + 1 }, (_, value) => [value, value]));
  for (const value of left) byValue.set(value, ignored);
  return { names: Array.from({ length: most + 1 }, (_, which) => String(which)), byValue };
};

/** Pixel values as class numbers. Throws `Failed` (dataInvalid) for a value that stands for none. */
export const toClassNumbers = (
  values: Uint32Array,
  { names, byValue }: MaskClasses,
  fileAt: (position: number) => string,
): Uint8Array =>
  Uint8Array.from(values, (value, position) => {
    const label = byValue.get(value);
    if (label !== undefined) return label;
    throw new Failed(
      'dataInvalid',
      `The pixel value ${nameOf(value)} in ${fileAt(position)} stands for none of the classes (${names.slice(0, 8).join(', ')}).`,
      'Add it to a class in data.classes, or to data.ignore.',
    );
  });
