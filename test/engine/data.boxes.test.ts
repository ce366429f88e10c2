import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBatch } from '../../engine/data/batches';
import { batchTensors, type Split } from '../../engine/data/dataset';
import { Random } from '../../engine/random';
import { dataFolder, type DataFolder } from './dataFolder';

let data: DataFolder;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data.remove());

const boxesOf = ({ targets, count }: Split): number[][][] => {
  const { shape, values } = targets?.boxes ?? { shape: [0, 5], values: new Float32Array() };
  const most = shape[0] as number;
  return Array.from({ length: count }, (_, picture) =>
    Array.from({ length: most }, (__, box) => {
      const at = (picture * most + box) * 5;
      return [...values.subarray(at, at + 5)];
    }),
  );
};
const none = [0, 0, 0, 0, -1];

const object = (name: string, [xmin, ymin, xmax, ymax]: readonly number[], more = ''): string =>
  `<object><name>${name}</name>${more}<bndbox><xmin>${xmin}</xmin><ymin>${ymin}</ymin><xmax>${xmax}</xmax><ymax>${ymax}</ymax></bndbox></object>`;
const annotation = (objects: string, head = ''): string =>
  `\uFEFF<?xml version="1.0"?>\n<annotation>${head}${objects}</annotation>`;
const sized = '<size><width>20</width><height>10</height><depth>3</depth></size>';

describe('Pascal VOC annotations', () => {
  const open = (more: object = {}) =>
    data.open(
      { kind: 'voc', images: 'JPEGImages', annotations: 'Annotations', ...more },
      [8, 8, 3],
      'detection',
    );

  it('give shares of the picture; pixels count from 1, and classes are sorted', async () => {
    await data.putPicture('JPEGImages/a.jpg', 20, 10);
    await data.putPicture('JPEGImages/b.jpg', 20, 10);
    await data.putPicture('JPEGImages/unlabelled.jpg', 20, 10);
    await data.put(
      'Annotations/a.xml',
      annotation(`${object('dog', [1, 1, 20, 10])}${object('cat', [11, 6, 20, 10])}`, sized),
    );
    await data.put(
      'Annotations/b.xml',
      annotation(object('dog', [1, 1, 10, 5]), '<filename>b.jpg</filename>'),
    );
    const { train, classes } = await open();
    expect(classes).toEqual(['cat', 'dog']);
    expect(train.count).toBe(2);
    expect(boxesOf(train)).toEqual([
      [
        [0, 0, 1, 1, 1],
        [0.5, 0.5, 1, 1, 0],
      ],
      [[0, 0, 0.5, 0.5, 1], none],
    ]);
  });

  it('leave out difficult objects unless they are wanted, and parts of persons always', async () => {
    await data.putPicture('JPEGImages/a.jpg', 20, 10);
    await data.putPicture('JPEGImages/b.jpg', 20, 10);
    const part =
      '<part><name>head</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part>';
    await data.put('Annotations/a.xml', annotation(object('person', [1, 1, 20, 10], part)));
    const hard = object('person', [1, 1, 10, 5], '<difficult>1</difficult>');
    await data.put('Annotations/b.xml', annotation(`${hard}${object('person', [1, 1, 10, 10])}`));
    expect(boxesOf((await open()).train).map((boxes) => boxes.length)).toEqual([1, 1]);
    expect((await open()).classes).toEqual(['person']);
    expect(boxesOf((await open({ difficult: true })).train)[1]).toHaveLength(2);
  });

  it('say what is wrong, where, and what to do', async () => {
    await data.putPicture('JPEGImages/a.jpg', 20, 10);
    await data.putPicture('JPEGImages/b.jpg', 20, 10);
    const good = annotation(object('dog', [1, 1, 20, 10]), sized);
    await data.put('Annotations/b.xml', good);
    const refused = async (xml: string, message: RegExp, more: object = {}) => {
      await data.put('Annotations/a.xml', xml);
      await expect(open(more)).rejects.toMatchObject({
        code: 'dataInvalid',
        message: expect.stringMatching(message),
      });
    };
    await refused('<annotation><object></annotation>', /a\.xml is no Pascal VOC annotation \(line 1/);
    await refused(annotation('<object><name>dog</name></object>'), /object\.0\.bndbox/);
    await refused(
      annotation(object('dog', [1, 1, 40, 10])),
      /box of "dog" .* lies outside its picture of 20 x 10/,
    );
    await refused(annotation(object('dog', [5, 1, 4, 10])), /has no area/);
    await refused(
      annotation(object('dog', [1, 1, 5, 5]), sized.replace('20', '30')),
      /says that .*a\.jpg is 10 x 30, but it is 10 x 20/,
    );
    await refused(annotation(object('cow', [1, 1, 5, 5])), /names the class "cow", which is none of dog/, {
      classes: ['dog'],
    });
    await data.put('Annotations/c.xml', good);
    await refused(good, /c\.xml has no picture in/);
  });
});

const coco = (change: object = {}): string =>
  JSON.stringify({
    images: [
      { id: 7, file_name: 'a.png', width: 20, height: 10 },
      { id: 9, file_name: 'deep/b.png' },
    ],
    annotations: [
      { id: 1, image_id: 7, category_id: 18, bbox: [10, 5, 10, 5] },
      { id: 2, image_id: 7, category_id: 3, bbox: [0, 0, 5, 10], iscrowd: 0 },
      { id: 3, image_id: 7, category_id: 3, bbox: [0, 0, 20, 10], iscrowd: 1 },
    ],
    categories: [
      { id: 18, name: 'dog' },
      { id: 3, name: 'car', supercategory: 'vehicle' },
    ],
    ...change,
  });

describe('COCO annotations', () => {
  const open = (more: object = {}) =>
    data.open({ kind: 'coco', images: 'images', annotations: 'boxes.json', ...more }, [8, 8, 3], 'detection');
  beforeEach(async () => {
    await data.putPicture('images/a.png', 20, 10);
    await data.putPicture('images/deep/b.png', 20, 10);
    await data.put('boxes.json', coco());
  });

  it('give shares of the picture, classes by category number, pictures without objects too, no crowds', async () => {
    const { train, classes } = await open();
    expect(classes).toEqual(['car', 'dog']);
    expect(boxesOf(train)).toEqual([
      [
        [0.5, 0.5, 1, 1, 1],
        [0, 0, 1, 0.25, 0],
      ],
      [none, none],
    ]);
  });

  it('say what is wrong, where, and what to do', async () => {
    const refused = async (text: string, message: RegExp) => {
      await data.put('boxes.json', text);
      await expect(open()).rejects.toMatchObject({
        code: 'dataInvalid',
        message: expect.stringMatching(message),
      });
    };
    await refused('{', /boxes\.json is no COCO annotation file/);
    await refused('{}', /images: /);
    await refused(
      coco({ images: [{ id: 7, file_name: 'gone.png' }] }),
      /names the picture gone\.png, which is not in/,
    );
    const one = { id: 1, image_id: 7, category_id: 18, bbox: [0, 0, 5, 5] };
    await refused(
      coco({ annotations: [{ ...one, category_id: 4 }] }),
      /has the category 4, which is not listed/,
    );
    await refused(coco({ annotations: [{ ...one, image_id: 4 }] }), /has the image 4, which is not listed/);
    await refused(coco({ annotations: [{ ...one, bbox: [15, 0, 9, 5] }] }), /lies outside its picture/);
  });
});

describe('boxes', () => {
  it('move with their pictures; lost ones are none', () => {
    const [height, width] = [8, 8];
    const values = new Uint8Array(60 * height * width);
    const boxes = new Float32Array(60 * 2 * 5).fill(-1);
    for (let picture = 0; picture < 60; picture++) {
      for (const row of [2, 3])
        values.fill(200, (picture * height + row) * width + 1, (picture * height + row) * width + 4);
      boxes.set([2 / 8, 1 / 8, 4 / 8, 4 / 8, 1], picture * 10);
    }
    const split: Split = {
      count: 60,
      shape: [height, width, 1],
      values,
      labels: new Int32Array(60),
      targets: { boxes: { shape: [2, 5], values: boxes } },
    };
    const all = Int32Array.from({ length: 60 }, (_, index) => index);
    const batch = makeBatch(split, all, { flip: true, crop: 4 }, new Random('boxes'));
    const pictures = batch.images.dataSync();
    const moved = (batch.boxes as tf.Tensor).dataSync();
    let lost = 0;
    for (let picture = 0; picture < 60; picture++) {
      const [top = 0, left = 0, bottom = 0, right = 0, label] = moved.subarray(
        picture * 10,
        picture * 10 + 5,
      );
      expect(moved[picture * 10 + 9]).toBe(-1);
      const bright = (pixel: number) => (pictures[picture * height * width + pixel] as number) > 0;
      const shown = [...Array(height * width).keys()].filter(bright);
      if (label === -1) {
        expect(shown.length).toBeLessThan(2);
        lost++;
        continue;
      }
      const rows = shown.map((pixel) => Math.floor(pixel / width));
      const columns = shown.map((pixel) => pixel % width);
      expect([top * 8, bottom * 8]).toEqual([Math.min(...rows), Math.max(...rows) + 1]);
      expect([left * 8, right * 8]).toEqual([Math.min(...columns), Math.max(...columns) + 1]);
    }
    expect(lost).toBeGreaterThan(0);
    tf.dispose(batchTensors(batch));
  });
});
