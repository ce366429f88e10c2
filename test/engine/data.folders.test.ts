import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { dataSchema } from '../../engine/contract/data';
import { evaluationBatches } from '../../engine/data/batches';
import { openDataset } from '../../engine/data/open';
import { openModel } from '../../engine/models/open';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-folders-'));
});
afterEach(() => rm(folder, { recursive: true }));

type Colour = readonly [number, number, number];
const plain = (colour: Colour, width = 8, height = 8) =>
  sharp({
    create: { width, height, channels: 3, background: { r: colour[0], g: colour[1], b: colour[2] } },
  });

const put = async (name: string, bytes: Buffer): Promise<void> => {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), bytes);
};
const putPng = async (name: string, colour: Colour): Promise<void> =>
  put(name, await plain(colour).png().toBuffer());

const open = (shape: readonly number[] = [8, 8, 3], more: object = {}) =>
  openDataset(dataSchema.parse({ kind: 'folders', path: '.', validation: 0, ...more }), folder, shape, 1);

const red: Colour = [250, 10, 20];
const blue: Colour = [10, 20, 250];

describe('class folders', () => {
  it('reads classes in the order of their names, whatever the ending, size and litter', async () => {
    await put('zebra/a.JPG', await plain(red, 31, 17).jpeg({ quality: 100 }).toBuffer());
    await put('zebra/b.JPEG', await plain(red).jpeg().toBuffer());
    await put('ant/c.PNG', await plain(blue, 4, 4).png().toBuffer());
    await put('ant/.DS_Store', Buffer.from('litter'));
    await put('ant/notes.txt', Buffer.from('litter'));
    await put('.cache/x.png', Buffer.from('litter'));
    const { train, classes, test, validation } = await open();
    expect(classes).toEqual(['ant', 'zebra']);
    expect([...train.labels]).toEqual([0, 1, 1]);
    expect(train.shape).toEqual([8, 8, 3]);
    expect(train.values).toBeInstanceOf(Uint8Array);
    expect([...train.values.subarray(0, 3)]).toEqual([...blue]);
    expect(Math.abs((train.values[192] as number) - red[0])).toBeLessThan(6);
    expect(test).toBeNull();
    expect(validation.count).toBe(0);
  });

  it('tells of every picture it decodes, the test pictures after the others, and ends where it is told to', async () => {
    for (const name of ['train/a/1', 'train/a/2', 'train/b/1', 'test/b/1']) await putPng(`${name}.png`, red);
    const options = dataSchema.parse({ kind: 'folders', path: 'train', testPath: 'test', validation: 0 });
    const told: [number, number][] = [];
    const openWith = (onDecoded: (done: number, total: number) => void) =>
      openDataset(options, folder, [8, 8, 3], 1, 'classification', onDecoded);
    await openWith((...heard) => void told.push(heard));
    expect(told).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
      [1, 1],
    ]);
    const enough = () => {
      throw new Error('enough');
    };
    await expect(openWith(enough)).rejects.toThrow('enough');
  });

  it('brings grey, alpha, palette, 16-bit and CMYK pictures to RGB bytes', async () => {
    const deep = new Uint16Array(8 * 8).fill(0x8081);
    await put('a/1.png', await plain([90, 90, 90]).toColourspace('b-w').png().toBuffer());
    await put(
      'a/2.png',
      await sharp(deep, { raw: { width: 8, height: 8, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer(),
    );
    await put('a/3.png', await plain(blue).ensureAlpha(0.5).png().toBuffer());
    await put('a/4.png', await plain(blue).png({ palette: true }).toBuffer());
    await put('b/1.jpg', await plain([255, 255, 255]).toColourspace('cmyk').jpeg().toBuffer());
    const { train } = await open();
    const pixel = (sample: number) => [...train.values.subarray(sample * 192, sample * 192 + 3)];
    expect(pixel(0)).toEqual([90, 90, 90]);
    expect(pixel(1)).toEqual([128, 128, 128]);
    expect(pixel(2)).toEqual([...blue]);
    expect(pixel(3)).toEqual([...blue]);
    expect(Math.min(...pixel(4))).toBeGreaterThan(245);
  });

  it('makes grey pictures for a student with one channel', async () => {
    await putPng('a/1.png', [120, 120, 120]);
    await putPng('b/1.png', [0, 0, 0]);
    const { train } = await open([8, 8, 1]);
    expect(train.values.length).toBe(128);
    expect(train.values[0]).toBe(120);
    expect(train.values[64]).toBe(0);
  });

  it('turns pictures upright as their EXIF orientation says', async () => {
    const half = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'white' } })
      .composite([{ input: await plain([0, 0, 0], 4, 8).png().toBuffer(), left: 0, top: 0 }])
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    await put('a/1.jpg', half);
    await putPng('b/1.png', red);
    const { train } = await open();
    const brightness = (row: number, column: number) => train.values[(row * 8 + column) * 3] as number;
    expect(
      [brightness(1, 1), brightness(1, 6), brightness(6, 1), brightness(6, 6)].map((v) => v > 128),
    ).toEqual([false, false, true, true]);
  });

  it('follows links to class folders', async () => {
    await putPng('a/1.png', red);
    const other = await mkdtemp(join(tmpdir(), 'retort-linked-'));
    await writeFile(join(other, '1.png'), await plain(blue).png().toBuffer());
    await symlink(other, join(folder, 'b'));
    try {
      expect((await open()).classes).toEqual(['a', 'b']);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  it('uses the training classes for the test folder and decodes no more than the limit', async () => {
    for (let index = 0; index < 6; index++) {
      await putPng(`train/a/${index}.png`, red);
      await putPng(`train/b/${index}.png`, blue);
    }
    await putPng('test/b/1.png', blue);
    const limited = { path: 'train', testPath: 'test', limit: 4, validation: 0.5 };
    const { train, validation, test, classes } = await open([8, 8, 3], limited);
    expect(classes).toEqual(['a', 'b']);
    expect([...train.labels]).toEqual([0, 1]);
    expect([...validation.labels]).toEqual([0, 1]);
    expect([...(test?.labels ?? [])]).toEqual([1]);
  });
});

describe('mislabelled folders', () => {
  const refused = async (code: string, sentence: RegExp, shape?: readonly number[], more?: object) => {
    const failure = await open(shape, more).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ name: 'Failed', code });
    expect((failure as Error).message).toMatch(sentence);
    expect((failure as { next: string }).next).toMatch(/\.$/);
  };

  it('refuses a folder that is missing, a file, or empty', async () => {
    await refused('dataNotFound', /no training pictures at .*nowhere/, undefined, { path: 'nowhere' });
    await put('file.png', Buffer.from('x'));
    await refused('dataInvalid', /is a file/, undefined, { path: 'file.png' });
    await mkdir(join(folder, 'empty'));
    await refused('dataInvalid', /is empty/, undefined, { path: 'empty' });
  });

  it('refuses pictures outside class folders', async () => {
    await putPng('1.png', red);
    await refused('dataInvalid', /1 picture lies directly in .*1\.png/);
    await putPng('a/1.png', red);
    await putPng('2.png', red);
    await refused('dataInvalid', /2 pictures lie directly in/);
  });

  it('refuses a class without pictures, a single class, and folders one level too high', async () => {
    await putPng('a/1.png', red);
    await refused('dataInvalid', /single class folder, a/);
    await mkdir(join(folder, 'b'));
    await refused('dataInvalid', /class folder .*b holds no PNG or JPEG/);
    await rm(join(folder, 'a'), { recursive: true });
    await putPng('b/cat/1.png', red);
    await refused('dataInvalid', /b holds folders of pictures/);
  });

  it('names the file that is no picture, and one that is cut short', async () => {
    await putPng('a/1.png', red);
    await put('b/broken.png', Buffer.from('not a picture'));
    await refused('dataInvalid', /broken\.png is no readable picture/);
    const noise = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, index) => (index * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    await put('b/broken.png', whole.subarray(0, whole.length / 2));
    await refused('dataInvalid', /broken\.png is no readable picture/);
    const png = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    await put('b/broken.png', png.subarray(0, png.length / 2));
    await refused('dataInvalid', /broken\.png is no readable picture/);
  });

  it('refuses a test class that training does not know, and sizes that the student cannot take', async () => {
    await putPng('train/a/1.png', red);
    await putPng('train/b/1.png', red);
    await putPng('test/c/1.png', red);
    await refused('dataInvalid', /test.c is a class/, undefined, { path: 'train', testPath: 'test' });
    await refused('dataInvalid', /16 x 16 x 3, but the student takes 8 x 8 x 3/, [8, 8, 3], {
      path: 'train',
      size: [16, 16],
    });
    await refused('dataInvalid', /takes 784/, [784], { path: 'train' });
  });
});

const place = (name: string, folders: string) =>
  join(process.env[name] ?? resolve(__dirname, `../../../shared/${folders}`));
const photographs = join(place('RETORT_TEST_DATA', 'data'), 'tinyvgg-10class-samples');
const vgg = join(place('RETORT_TEST_MODELS', 'models'), 'tfjs-layers/cnn-explainer-tiny-vgg/model.json');
const missing = [photographs, vgg].find((path) => !existsSync(path));
if (missing) console.log(`No trained network looks at photographs: there is no ${missing}.`);

describe.skipIf(missing)('photographs that a trained network knows', () => {
  it('come out as the network was trained on them: 14 of 20 are recognised', async () => {
    await useBackend('cpu');
    const data = dataSchema.parse({ kind: 'folders', path: photographs, validation: 0 });
    const { train, classes } = await openDataset(data, '/', [64, 64, 3], 1);
    const known = ['boat', 'bug', 'pizza', 'pepper', 'bus', 'koala', 'espresso', 'panda', 'orange', 'car'];
    const network = await openModel(vgg, { input: { divide: 255 }, seed: 'unused' });
    let right = 0;
    for (const { images, labels, indices } of evaluationBatches(train, 20)) {
      const { logits } = network.forward(images, { taps: [], training: false });
      const [guesses, truth] = [logits.argMax(-1).dataSync(), labels.dataSync()];
      right += guesses.filter((guess, index) => known[guess] === classes[truth[index] as number]).length;
      tf.dispose([images, labels, indices, logits]);
    }
    network.dispose();
    expect(right).toBe(14);
  });
});
