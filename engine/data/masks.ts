import { resolve, join } from 'node:path';
import { Failed } from '../contract/failure';
import type { Split } from './dataset';
import { maskClasses, toClassNumbers, type MaskClasses } from './maskClasses';
import { readMask, resizeNearest } from './maskPicture';
import { filesBelow, isPicture, stemOf } from './pictureFiles';
import { pictureSize, type PictureShape } from './pictures';
import { pictureShape } from './shapes';
import {
  bothOrNeither,
  keptPositions,
  readPictures,
  type Limit,
  type Of,
  type Source,
  type Wanted,
} from './source';

/** Pictures with their masks, absolute paths. */
interface Listing {
  images: string[];
  masks: string[];
}

/** Ends of names that say that a file is the mask of another. */
const suffix = /[-_](mask|masks|label|labels|labelids|gt|seg|segmentation)$/i;
const isImageFile = (name: string): boolean => /\.(png|jpe?g|bmp|gif|tiff?|webp)$/i.test(name);

const unmatched = (kind: 'mask' | 'picture', path: string, folder: string): Failed =>
  kind === 'mask'
    ? new Failed(
        'dataInvalid',
        `The picture ${path} has no mask in ${folder}.`,
        'Add a PNG of the same name there (the same folder within it too), or remove the picture.',
      )
    : new Failed(
        'dataInvalid',
        `The mask ${path} has no picture in ${folder}.`,
        'Add the picture of the same name, or remove the mask.',
      );

const list = async (images: string, masks: string): Promise<Listing> => {
  const isShared = images === masks;
  const isMask = (path: string): boolean => suffix.test(stemOf(path));
  const pictures = (await filesBelow(images, 'PNG or JPEG pictures', isPicture)).filter(
    (path) => !isShared || !isMask(path),
  );
  const found = (await filesBelow(masks, 'PNG masks', isImageFile)).filter(
    (path) => !isShared || isMask(path),
  );
  const byStem = new Map<string, string>();
  for (const path of found) {
    byStem.set(stemOf(path).replace(suffix, ''), path);
    byStem.set(stemOf(path), path);
  }
  const matched = pictures.map((path) => {
    const mask = byStem.get(stemOf(path));
    if (mask === undefined) throw unmatched('mask', path, masks);
    return mask;
  });
  const used = new Set(matched);
  const extra = found.find((path) => !used.has(path));
  if (extra !== undefined) throw unmatched('picture', extra, images);
  return {
    images: pictures.map((path) => join(images, path)),
    masks: matched.map((path) => join(masks, path)),
  };
};

const requireSameSize = async (image: string, mask: string, size: { height: number; width: number }) => {
  const picture = await pictureSize(image);
  if (picture.height === size.height && picture.width === size.width) return;
  throw new Failed(
    'dataInvalid',
    `The mask ${mask} is ${size.height} x ${size.width}, and its picture is ${picture.height} x ${picture.width}.`,
    'Give masks of the size of their pictures; both are then resized alike.',
  );
};

/** Pixel values [files, height, width] of all masks, each resized to the nearest pixels. */
const readMasks = async (
  { images, masks }: Listing,
  [height, width]: readonly number[],
): Promise<Uint32Array> => {
  const size: [number, number] = [height as number, width as number];
  const values = new Uint32Array(masks.length * size[0] * size[1]);
  for (const [index, file] of masks.entries()) {
    const mask = await readMask(file);
    await requireSameSize(images[index] as string, file, mask);
    const area = size[0] * size[1];
    resizeNearest(mask, values.subarray(index * area, (index + 1) * area), size);
  }
  return values;
};

interface Raw {
  listing: Listing;
  pixels: Uint32Array;
}

const readRaw = async (
  [images, masks]: readonly [string, string],
  { base }: Wanted,
  shape: PictureShape,
  limit: Limit,
): Promise<Raw> => {
  const all = await list(resolve(base, images), resolve(base, masks));
  const kept = [...keptPositions(new Int32Array(all.images.length), limit)];
  const listing = {
    images: kept.map((at) => all.images[at] as string),
    masks: kept.map((at) => all.masks[at] as string),
  };
  return { listing, pixels: await readMasks(listing, shape) };
};

const makeSplit = async (
  { listing, pixels }: Raw,
  shape: PictureShape,
  classes: MaskClasses,
  wanted: Wanted,
): Promise<Split> => {
  const [height, width] = shape;
  const fileAt = (position: number): string => listing.masks[Math.floor(position / (height * width))] ?? '';
  return {
    count: listing.images.length,
    shape,
    labels: new Int32Array(listing.images.length),
    targets: { mask: { shape: [height, width], values: toClassNumbers(pixels, classes, fileAt) } },
    values: await readPictures(listing.images, shape, wanted),
  };
};

/** Reads a folder of pictures and a folder of masks that belong together by name. */
export const openMasks = async (options: Of<'masks'>, wanted: Wanted): Promise<Source> => {
  const shape = pictureShape(options, wanted.sampleShape);
  const tested = bothOrNeither(['testImages', options.testImages], ['testMasks', options.testMasks]);
  const train = await readRaw([options.images, options.masks], wanted, shape, wanted.limit);
  const test = tested && (await readRaw(tested, wanted, shape, () => null));
  const found = new Set([...new Set(train.pixels), ...new Set(test?.pixels)]);
  const classes = maskClasses(found, options);
  return {
    train: await makeSplit(train, shape, classes, wanted),
    test: test && (await makeSplit(test, shape, classes, wanted)),
    classes: classes.names,
  };
};
