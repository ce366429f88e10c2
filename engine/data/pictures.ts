import { availableParallelism } from 'node:os';
import type sharpModule from 'sharp';
import { Failed } from '../contract/failure';

/** Height, width and channels (1 or 3) that every picture is brought to. */
export type PictureShape = readonly [height: number, width: number, channels: 1 | 3];

const loadSharp = async (): Promise<typeof sharpModule> => {
  try {
    const { default: sharp } = await import('sharp');
    // One thread a picture: several small pictures at once are faster than several threads on one.
    sharp.concurrency(1);
    sharp.cache(false);
    return sharp;
  } catch (error) {
    throw new Failed(
      'backendMissing',
      `Pictures cannot be decoded: sharp does not load on this machine (${(error as Error).message.split('\n')[0]}).`,
      'Install the packages again with npm, with optional packages included.',
    );
  }
};

const unreadable = (file: string, error: unknown): Failed =>
  new Failed(
    'dataInvalid',
    `${file} is no readable picture (${(error as Error).message.replace(/\s+/g, ' ').trim()}).`,
    'Replace or remove this file.',
  );

/**
 * One picture as bytes, row by row, channels last. Turned upright (EXIF), any of grey, RGB, CMYK, palette and 16 bits
 * a channel brought to 8-bit sRGB or grey, the alpha channel dropped as other training code does, resized to fit
 * exactly, proportions not kept.
 */
const decode = async (
  sharp: typeof sharpModule,
  file: string,
  [height, width, channels]: PictureShape,
): Promise<Uint8Array> => {
  try {
    const picture = sharp(file, { failOn: 'truncated' }).autoOrient().removeAlpha();
    const { data, info } = await picture
      .resize(width, height, { fit: 'fill' })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels === channels) return data;
    throw new Error(`${info.channels} channels`);
  } catch (error) {
    throw unreadable(file, error);
  }
};

/** Height and width of a picture turned upright, from its head alone. Throws `Failed` (dataInvalid). */
export const pictureSize = async (file: string): Promise<{ height: number; width: number }> => {
  const sharp = await loadSharp();
  const found = await sharp(file)
    .metadata()
    .catch((error: unknown) => {
      throw unreadable(file, error);
    });
  return { height: found.autoOrient.height, width: found.autoOrient.width };
};

/** Hears how many of a number of pictures have been decoded; what it throws ends the work. */
export type OnDecoded = (done: number, total: number) => void;

/**
 * Decodes every picture once into one array [files, height, width, channels] of bytes, a few at a time.
 * The memory needed is that array: files * height * width * channels bytes.
 * Throws `Failed` (dataInvalid) that names the first file that is no picture.
 */
export const decodePictures = async (
  files: readonly string[],
  shape: PictureShape,
  onDecoded?: OnDecoded,
): Promise<Uint8Array> => {
  const sharp = await loadSharp();
  const size = shape[0] * shape[1] * shape[2];
  const values = new Uint8Array(files.length * size);
  let next = 0;
  let done = 0;
  let isOver = false;
  const worker = async (): Promise<void> => {
    while (next < files.length) {
      const index = next++;
      values.set(await decode(sharp, files[index] as string, shape), index * size);
      if (!isOver) onDecoded?.(++done, files.length);
    }
  };
  const workers = Math.min(files.length, 2 * availableParallelism());
  try {
    await Promise.all(Array.from({ length: workers }, worker));
  } finally {
    next = files.length;
    isOver = true;
  }
  return values;
};
