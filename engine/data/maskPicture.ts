import { decode, type DecodedPng } from 'fast-png';
import { Failed } from '../contract/failure';
import { readBytes } from './files';
import { colourKey } from './maskClasses';

/** A mask as its file holds it: grey value or palette number of each pixel, or the key of its colour. */
export interface MaskPicture {
  height: number;
  width: number;
  values: Uint32Array;
}

/** Samples of fewer than 8 bits lie packed, each row beginning at a byte. */
const unpack = ({ data, depth, width, height }: DecodedPng): Uint32Array => {
  const values = new Uint32Array(width * height);
  const line = Math.ceil((width * depth) / 8);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const bit = column * depth;
      const byte = data[row * line + (bit >> 3)] as number;
      values[row * width + column] = (byte >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
    }
  return values;
};

/** Alpha says nothing. */
const fromColours = ({ data, depth, channels }: DecodedPng): Uint32Array => {
  const shift = depth === 16 ? 8 : 0;
  const at = (pixel: number, channel: number): number =>
    (data[pixel * channels + channel] as number) >> shift;
  return Uint32Array.from({ length: data.length / channels }, (_, pixel) =>
    colourKey((at(pixel, 0) << 16) + (at(pixel, 1) << 8) + at(pixel, 2)),
  );
};

/** Reads a PNG mask: grey of 1 to 16 bits, a palette (its numbers count, not its colours), or colours. */
export const readMask = async (file: string): Promise<MaskPicture> => {
  const bytes = await readBytes(file, 'mask');
  try {
    const png = decode(bytes);
    const { data, depth, channels, width, height } = png;
    if (channels >= 3) return { width, height, values: fromColours(png) };
    if (depth < 8) return { width, height, values: unpack(png) };
    const values = Uint32Array.from(
      { length: width * height },
      (_, pixel) => data[pixel * channels] as number,
    );
    return { width, height, values };
  } catch (error) {
    throw new Failed(
      'dataInvalid',
      `${file} is no readable PNG mask (${(error as Error).message.replace(/\s+/g, ' ').trim()}).`,
      'Save the mask as PNG: other formats change class numbers or cannot be read.',
    );
  }
};

/** The nearest pixel of each cell centre, written into `to` [height, width]. */
export const resizeNearest = (
  mask: MaskPicture,
  to: Uint32Array,
  [height, width]: [number, number],
): void => {
  for (let row = 0; row < height; row++) {
    const line = Math.floor(((row + 0.5) * mask.height) / height) * mask.width;
    for (let column = 0; column < width; column++)
      to[row * width + column] = mask.values[
        line + Math.floor(((column + 0.5) * mask.width) / width)
      ] as number;
  }
};
