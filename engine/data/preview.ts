import type { Split } from './dataset';

/** Least and greatest value, without the numbers that are none. */
const range = (values: Float32Array): readonly [number, number] => {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
};

const toBytes = (values: Uint8Array | Float32Array): Uint8Array => {
  if (values instanceof Uint8Array) return values;
  const [low, high] = range(values);
  const scale = high > low ? 255 / (high - low) : 0;
  return Uint8Array.from(values, (value) => Math.round((value - low) * scale));
};

/**
 * The picture of one sample as RGB bytes. Grey is repeated, two channels get an empty blue, of more than three the
 * first three are shown; floats are scaled from their least to their greatest value; a vector is a strip of one row.
 */
export const sampleRgb = (
  split: Split,
  index: number,
): { height: number; width: number; rgb: Uint8Array } => {
  const size = split.shape.reduce((product, length) => product * length, 1);
  const [height, width, channels] =
    split.shape.length === 3 ? (split.shape as readonly [number, number, number]) : [1, size, 1];
  const bytes = toBytes(split.values.subarray(index * size, (index + 1) * size));
  const rgb = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let colour = 0; colour < 3; colour++) {
      const channel = channels === 1 ? 0 : colour;
      if (channel < channels) rgb[pixel * 3 + colour] = bytes[pixel * channels + channel] as number;
    }
  }
  return { height, width, rgb };
};
