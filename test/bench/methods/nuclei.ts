import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { writeNpz } from '../../../engine/data/writeNpz';
import { Random } from '../../../engine/random';

/** One microscope image with the boxes of its nuclei: top, left, bottom, right as shares. */
interface Nuclei {
  images: Record<number, Uint8Array>;
  mask: Float32Array;
  boxes: number[][];
}

const side = 256;
/** Sides that pictures are made in. */
export const sides = { mask: 64, boxes: 96, count: 64 } as const;
const tested = 100;
const mostBoxes = 60;
const leastPixels = 30;
const nucleus = 1;

const pixels = async (file: string, size: number, channels: 1 | 3): Promise<Uint8Array> =>
  sharp(file)
    .removeAlpha()
    .resize(size, size, { fit: 'fill', ...(channels === 1 ? { kernel: 'nearest' } : {}) })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();

/** Boxes of the connected components of one class (4 neighbours) that are not tiny. */
export const componentBoxes = (mask: Uint8Array, size: number, wanted: number, least: number): number[][] => {
  const seen = new Uint8Array(mask.length);
  const boxes: number[][] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] !== wanted || seen[start]) continue;
    const [queue, box] = [[start], [size, size, 0, 0]];
    seen[start] = 1;
    for (let head = 0; head < queue.length; head++) {
      const at = queue[head] as number;
      const [row, column] = [Math.floor(at / size), at % size];
      box[0] = Math.min(box[0] as number, row);
      box[1] = Math.min(box[1] as number, column);
      box[2] = Math.max(box[2] as number, row + 1);
      box[3] = Math.max(box[3] as number, column + 1);
      for (const [next, inside] of [
        [at - size, row > 0],
        [at + size, row < size - 1],
        [at - 1, column > 0],
        [at + 1, column < size - 1],
      ] as const)
        if (inside && mask[next] === wanted && !seen[next]) {
          seen[next] = 1;
          queue.push(next);
        }
    }
    if (queue.length >= least) boxes.push(box.map((edge) => edge / size));
  }
  return boxes;
};

const readOne = async (folder: string, name: string): Promise<Nuclei> => {
  const image = join(folder, 'images', name);
  const whole = await pixels(join(folder, 'masks_3class', name), side, 1);
  const step = side / sides.mask;
  const mask = Float32Array.from({ length: sides.mask ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / sides.mask), at % sides.mask];
    return whole[(row * step + step / 2) * side + column * step + step / 2] ?? 0;
  });
  const images = {
    [sides.mask]: await pixels(image, sides.mask, 3),
    [sides.boxes]: await pixels(image, sides.boxes, 3),
  };
  return { images, mask, boxes: componentBoxes(whole, side, nucleus, leastPixels) };
};

const joined = (parts: readonly (Uint8Array | Float32Array)[], bytes: boolean) => {
  const size = parts[0]?.length ?? 0;
  const all = bytes ? new Uint8Array(parts.length * size) : new Float32Array(parts.length * size);
  parts.forEach((part, at) => all.set(part, at * size));
  return all;
};

const rowsOf = ({ boxes }: Nuclei): Float32Array => {
  const rows = new Float32Array(mostBoxes * 5).fill(-1);
  boxes.forEach((box, at) => rows.set([...box, 0], at * 5));
  return rows;
};

const picturesOf = (all: readonly Nuclei[], size: number) => ({
  shape: [all.length, size, size, 3],
  values: joined(
    all.map(({ images }) => images[size] as Uint8Array),
    true,
  ),
});

const write = async (folder: string, split: string, all: readonly Nuclei[]): Promise<void> => {
  const few = all.filter(({ boxes }) => boxes.length > 0 && boxes.length <= mostBoxes);
  await writeNpz(join(folder, `masks-${split}.npz`), {
    images: picturesOf(all, sides.mask),
    masks: {
      shape: [all.length, sides.mask, sides.mask],
      values: joined(
        all.map(({ mask }) => mask),
        false,
      ),
    },
    counts: { shape: [all.length, 1], values: Float32Array.from(all, ({ boxes }) => boxes.length) },
  });
  await writeNpz(join(folder, `boxes-${split}.npz`), {
    images: picturesOf(few, sides.boxes),
    boxes: { shape: [few.length, mostBoxes, 5], values: joined(few.map(rowsOf), false) },
  });
};

/**
 * The nuclei as arrays in `folder`, made once: `masks-train.npz` and `boxes-train.npz`, the same for `test`, with pictures,
 * three-class masks, numbers of nuclei and boxes of those of 30 pixels and more. One hundred images, the same each
 * time, are the test split; images with more than 60 boxes are left out of the boxes.
 */
export const prepareNuclei = async (source: string, folder: string): Promise<void> => {
  if (existsSync(join(folder, 'boxes-test.npz'))) return;
  await mkdir(folder, { recursive: true });
  const names = (await readdir(join(source, 'images'))).sort();
  const all: Nuclei[] = [];
  for (const at of new Random('nuclei').permutation(names.length))
    all.push(await readOne(source, names[at] as string));
  await write(folder, 'train', all.slice(tested));
  await write(folder, 'test', all.slice(0, tested));
};
