import type { Random } from '../random';
import { ignored, type Target, type TargetName } from './dataset';

/** How training pictures are varied: mirrored half of the time, padded by `crop` pixels and cropped back at random. */
export interface Augmentation {
  flip: boolean;
  crop: number;
}

/** What happens to one picture: moved by (down, right) pixels, then mirrored. */
export interface Variation {
  down: number;
  right: number;
  mirrored: boolean;
}

type Values = Uint8Array | Float32Array;
type Mutable = Float32Array | Int32Array;

/** Draws three numbers, whatever is turned on. */
export const drawVariation = ({ flip, crop }: Augmentation, random: Random): Variation => {
  const down = random.integer(2 * crop + 1) - crop;
  const right = random.integer(2 * crop + 1) - crop;
  const mirrored = random.uniform() < 0.5;
  return { down, right, mirrored: mirrored && flip };
};

/** Mirrors one picture left and right in place: rows of `width` pixels of `channels` values. */
const mirror = (values: Mutable, rows: number, width: number, channels: number): void => {
  for (let row = 0; row < rows; row++) {
    let left = row * width * channels;
    let right = left + (width - 1) * channels;
    for (; left < right; left += channels, right -= channels) {
      for (let channel = 0; channel < channels; channel++) {
        const kept = values[left + channel] as number;
        values[left + channel] = values[right + channel] as number;
        values[right + channel] = kept;
      }
    }
  }
};

/** Copies `from` moved by (down, right) pixels into `to`; what leaves the picture is lost. */
const shift = (
  from: Values,
  to: Mutable,
  shape: readonly number[],
  { down, right }: Pick<Variation, 'down' | 'right'>,
): void => {
  const [height = 1, width = 1, channels = 1] = shape;
  const begin = Math.max(0, -right) * channels;
  const end = Math.min(width, width - right) * channels;
  const line = width * channels;
  for (let row = Math.max(0, -down); row < Math.min(height, height - down); row++) {
    if (begin < end) {
      to.set(
        from.subarray(row * line + begin, row * line + end),
        (row + down) * line + begin + right * channels,
      );
    }
  }
};

/** Copies one picture [height, width, channels], varied, over `to`; where nothing comes to lie, `to` stays. */
export const varyPicture = (
  from: Values,
  to: Mutable,
  shape: readonly number[],
  variation: Variation,
): void => {
  if (variation.down === 0 && variation.right === 0) to.set(from);
  else shift(from, to, shape, variation);
  const [height = 1, width = 1, channels = 1] = shape;
  if (variation.mirrored) mirror(to, height, width, channels);
};

/** A box counts while at least this share of it is left in the picture. */
const leastLeft = 0.25;

/** Copies boxes [boxes, 5] as shares of a picture of `height` and `width` pixels; lost ones become class −1. */
const varyBoxes = (
  from: Values,
  to: Mutable,
  [height = 1, width = 1]: readonly number[],
  { down, right, mirrored }: Variation,
): void => {
  const inside = (share: number): number => Math.min(1, Math.max(0, share));
  for (let at = 0; at < from.length; at += 5) {
    const [top = 0, left = 0, bottom = 0, rightmost = 0, label = -1] = from.subarray(at, at + 5);
    const [y0, y1] = [top + down / height, bottom + down / height].map(inside) as [number, number];
    const [x0, x1] = [left + right / width, rightmost + right / width].map(inside) as [number, number];
    const kept = (y1 - y0) * (x1 - x0) >= leastLeft * (bottom - top) * (rightmost - left);
    const columns = mirrored ? [1 - x1, 1 - x0] : [x0, x1];
    if (label < 0 || !kept) to.fill(0, at, at + 4).fill(-1, at + 4, at + 5);
    else to.set([y0, columns[0] as number, y1, columns[1] as number, label], at);
  }
};

/** Copies one sample's target over `to`, varied as its picture of `shape`. */
export const varyTarget = (
  name: TargetName,
  { from, to, target }: { from: Values; to: Mutable; target: Target },
  shape: readonly number[],
  variation: Variation,
): void => {
  if (name === 'values') to.set(from);
  else if (name === 'boxes') varyBoxes(from, to, shape, variation);
  else {
    to.fill(ignored);
    varyPicture(from, to, target.shape, variation);
  }
};
