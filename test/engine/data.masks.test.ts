import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { encode } from 'fast-png';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBatch } from '../../engine/data/batches';
import { dataSchema } from '../../engine/contract/data';
import { batchTensors, type Split } from '../../engine/data/dataset';
import { openDataset } from '../../engine/data/open';
import { Random } from '../../engine/random';
import { dataFolder, type DataFolder } from './dataFolder';

let data: DataFolder;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data.remove());

const grey = (values: readonly number[], width: number): Uint8Array =>
  encode({ width, height: values.length / width, channels: 1, data: Uint8Array.from(values) });

const open = (more: object = {}, shape: readonly number[] = [2, 2, 3]) =>
  data.open({ kind: 'masks', images: 'images', masks: 'masks', ...more }, shape, 'segmentation');

const maskOf = (split: Split): number[] => [...(split.targets?.mask?.values ?? [])];

/** Two pictures of 2 x 2 with the masks given. */
const pair = async (first: Uint8Array, second: Uint8Array): Promise<void> => {
  await data.putPicture('images/a.png', 2, 2);
  await data.putPicture('images/b.jpg', 2, 2);
  await data.put('masks/a.png', first);
  await data.put('masks/b.png', second);
};

describe('masks', () => {
  it('of 0 and 255 are background and foreground', async () => {
    await pair(grey([0, 255, 255, 0], 2), grey([0, 0, 0, 0], 2));
    const { train, classes } = await open();
    expect(classes).toEqual(['background', 'foreground']);
    expect(maskOf(train)).toEqual([0, 1, 1, 0, 0, 0, 0, 0]);
    expect(train.targets?.mask?.shape).toEqual([2, 2]);
    expect([...train.labels]).toEqual([0, 0]);
  });

  it('with class numbers keep them, and 255 counts for nothing', async () => {
    await pair(grey([0, 1, 2, 255], 2), grey([2, 2, 0, 0], 2));
    const { train, classes } = await open();
    expect(classes).toEqual(['0', '1', '2']);
    expect(maskOf(train)).toEqual([0, 1, 2, 255, 2, 2, 0, 0]);
  });

  it('with a palette count by its numbers, at any depth', async () => {
    const palette = [
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
      [224, 224, 192],
    ];
    const indexed = (depth: 1 | 2 | 4 | 8, bytes: number[]) =>
      encode({ width: 2, height: 2, channels: 1, depth, palette, data: Uint8Array.from(bytes) });
    await pair(indexed(8, [0, 1, 2, 1]), indexed(2, [0b00_01_0000, 0b10_01_0000]));
    const { train } = await open();
    expect(maskOf(train)).toEqual([0, 1, 2, 1, 0, 1, 2, 1]);
  });

  it('in colours, of 16 bits, or grey written as colours, are named in the recipe', async () => {
    const colours = await sharp(Uint8Array.of(128, 64, 128, 0, 0, 0, 0, 0, 0, 128, 64, 128), {
      raw: { width: 2, height: 2, channels: 3 },
    })
      .png()
      .toBuffer();
    const deep = encode({ width: 2, height: 2, channels: 1, depth: 16, data: Uint16Array.of(1000, 0, 0, 7) });
    await pair(colours, deep);
    const classes = { ground: 0, road: ['#804080', 1000] };
    await expect(open({ classes })).rejects.toThrow(/pixel value 7 in .*b\.png stands for none/);
    const { train, classes: names } = await open({ classes, ignore: [7] });
    expect(names).toEqual(['ground', 'road']);
    expect(maskOf(train)).toEqual([1, 0, 0, 1, 1, 0, 0, 255]);
  });

  it('are found in folders within, and by a name with _mask beside the picture', async () => {
    await data.putPicture('all/x/1.jpg', 2, 2);
    await data.putPicture('all/y/1.png', 2, 2);
    await data.put('all/x/1_mask.png', grey([1, 1, 0, 0], 2));
    await data.put('all/y/1_mask.png', grey([0, 0, 1, 1], 2));
    const { train } = await open({ images: 'all', masks: 'all' });
    expect(train.count).toBe(2);
    expect(maskOf(train)).toEqual([1, 1, 0, 0, 0, 0, 1, 1]);
  });

  it('are resized to the nearest pixel, as their pictures are resized', async () => {
    await data.putPicture('images/a.png', 4, 4);
    await data.putPicture('images/b.png', 4, 4);
    const mask = grey([1, 1, 2, 2, 1, 1, 2, 2, 0, 0, 3, 3, 0, 0, 3, 3], 4);
    await data.put('masks/a.png', mask);
    await data.put('masks/b.png', mask);
    expect(maskOf((await open()).train).slice(0, 4)).toEqual([1, 2, 0, 3]);
  });

  it('say what is wrong, where, and what to do', async () => {
    const whole = grey([0, 1, 1, 0], 2);
    await pair(whole, whole);
    const refused = async (message: RegExp, more?: object) =>
      expect(open(more)).rejects.toMatchObject({
        code: 'dataInvalid',
        message: expect.stringMatching(message),
      });
    await data.putPicture('images/c.png', 2, 2);
    await refused(/The picture c\.png has no mask in .*masks/);
    await data.put('masks/c.png', grey([0, 1], 1));
    await refused(/c\.png is 2 x 1, and its picture is 2 x 2/);
    await data.put('masks/c.png', whole);
    await data.put('masks/d.png', whole);
    await refused(/The mask d\.png has no picture/);
    await data.putPicture('images/d.png', 2, 2);
    await data.put('masks/d.png', 'no picture');
    await refused(/d\.png is no readable PNG mask/);
    await data.put('masks/d.png', grey([0, 128, 255, 0], 2));
    await expect(open()).resolves.toMatchObject({ classes: { length: 129 } });
    await expect(open({ classes: { a: [0, 1], b: 1 } })).rejects.toMatchObject({ code: 'recipeInvalid' });
    await expect(open({ masks: 'nowhere' })).rejects.toMatchObject({ code: 'dataNotFound' });
    await expect(open({ testImages: 'images' })).rejects.toThrow(/testImages without testMasks/);
    await expect(
      data.open({ kind: 'masks', images: 'images', masks: 'masks' }, [2, 2, 3], 'classification'),
    ).rejects.toThrow(/cannot be used for classification/);
  });

  it('move with their pictures, and what comes in from outside is ignored', () => {
    const side = 6;
    const values = Uint8Array.from({ length: 40 * side * side }, (_, at) => 1 + (at % 90));
    const split: Split = {
      count: 40,
      shape: [side, side, 1],
      values,
      labels: new Int32Array(40),
      targets: { mask: { shape: [side, side], values } },
    };
    const all = Int32Array.from({ length: 40 }, (_, index) => index);
    const batch = makeBatch(split, all, { flip: true, crop: 2 }, new Random('masks'));
    const [pictures, mask] = [batch.images.dataSync(), (batch.mask as tf.Tensor).dataSync()];
    expect(batch.mask?.dtype).toBe('int32');
    pictures.forEach((value, at) => expect(mask[at]).toBe(value === 0 ? 255 : value));
    tf.dispose(batchTensors(batch));
  });
});

const nuclei = resolve(process.env['RETORT_TEST_DATA'] ?? '../shared/data', 'dsb2018-nuclei');
const isThere = existsSync(nuclei);
if (!isThere) console.warn(`Skipped: no nuclei at ${nuclei} (RETORT_TEST_DATA names the folder above).`);

describe.skipIf(!isThere)('the masks of nuclei', () => {
  it.each([
    ['masks_binary', ['background', 'foreground'], 0.5],
    ['masks_3class', ['0', '1', '2'], 0.5],
  ])('%s hold their classes', async (folder, names, most) => {
    const options = dataSchema.parse({
      kind: 'masks',
      images: 'images',
      masks: folder,
      limit: 20,
      validation: 0.2,
    });
    const { train, validation, classes } = await openDataset(options, nuclei, [32, 32, 3], 1, 'segmentation');
    expect([train.count, validation.count, classes]).toEqual([16, 4, names]);
    const mask = maskOf(train);
    const foreground = mask.filter((value) => value > 0).length / mask.length;
    expect(foreground).toBeGreaterThan(0.02);
    expect(foreground).toBeLessThan(most);
  });
});
