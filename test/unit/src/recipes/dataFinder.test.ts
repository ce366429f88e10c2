import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { npyShape, npzNames } from '../../../../src/recipes/arrayFile';
import { dataAt, findData, placeOf } from '../../../../src/recipes/dataFinder';
import { withTarget } from '../../../../src/recipes/taskData';
import { matchNames } from '../../../../src/recipes/dataNames';

const root = mkdtempSync(join(tmpdir(), 'retort-data ü-'));
afterAll(() => rmSync(root, { recursive: true }));

const put = (path: string, bytes: Uint8Array | string = ''): string => {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, bytes);
  return file;
};

const npy = (shape: number[], type = '|u1'): Uint8Array => {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`.padEnd(117) + '\n';
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(header)]);
};

describe('names that belong together', () => {
  it.each([
    [
      [
        't10k-images-idx3-ubyte.gz',
        't10k-labels-idx1-ubyte.gz',
        'train-images-idx3-ubyte.gz',
        'train-labels-idx1-ubyte.gz',
      ],
      [
        {
          images: 'train-images-idx3-ubyte.gz',
          labels: 'train-labels-idx1-ubyte.gz',
          testImages: 't10k-images-idx3-ubyte.gz',
          testLabels: 't10k-labels-idx1-ubyte.gz',
        },
      ],
    ],
    [['x_train', 'y_train', 'x_test'], [{ images: 'x_train', labels: 'y_train' }]],
    [['images.npy', 'labels.npy'], [{ images: 'images.npy', labels: 'labels.npy' }]],
    [['cats_x.npy', 'dogs_y.npy'], []],
    [['notes.npy'], []],
  ])('%j', (names, expected) => expect(matchNames(names)).toEqual(expected));
});

describe('heads of array files', () => {
  it('reads the shape of a .npy', async () => {
    expect(await npyShape(put('heads/a.npy', npy([5, 8, 8, 3])))).toEqual({
      shape: [5, 8, 8, 3],
      isBytes: true,
      isFloat: false,
    });
    expect(await npyShape(put('heads/b.npy', npy([5], '<i8')))).toEqual({
      shape: [5],
      isBytes: false,
      isFloat: false,
    });
    expect(await npyShape(put('heads/c.npy', 'no array'))).toBeNull();
    expect(await npyShape(join(root, 'absent.npy'))).toBeNull();
  });

  it('reads the names in a .npz from its directory', async () => {
    const archive = zipSync({
      'x_train.npy': npy([2, 4]),
      'y_train.npy': npy([2]),
      'readme.txt': new Uint8Array(3),
    });
    expect(await npzNames(put('heads/d.npz', archive))).toEqual(['x_train', 'y_train']);
    expect(await npzNames(put('heads/e.npz', archive.subarray(0, archive.length - 30)))).toEqual([]);
    expect(await npzNames(put('heads/f.npz', ''))).toEqual([]);
  });
});

describe('data for other tasks', () => {
  const found = async (folder: string) => {
    const base = join(root, folder);
    const choices = await findData(base);
    return choices.map(({ task, source }) => [task, JSON.parse(JSON.stringify(source).replaceAll(base, ''))]);
  };
  const input = { divide: 255 };

  it('finds pictures with masks and with VOC annotations', async () => {
    for (const name of [
      'images/a.png',
      'images/b.jpg',
      'masks_1/a.png',
      'masks_1/b_mask.png',
      'masks_2/a.png',
    ])
      put(`pairs/nuclei/${name}`);
    for (const name of ['JPEGImages/a.jpg', 'Annotations/a.xml']) put(`pairs/voc/${name}`);
    expect(await found('pairs')).toEqual([
      ['segmentation', { kind: 'masks', images: '/nuclei/images', masks: '/nuclei/masks_1', input }],
      ['detection', { kind: 'voc', images: '/voc/JPEGImages', annotations: '/voc/Annotations', input }],
    ]);
  });

  it('finds COCO annotations with their pictures and their test set', async () => {
    const coco = (name: string) =>
      JSON.stringify({
        images: [{ file_name: name }],
        annotations: [{ bbox: [0, 0, 1, 1] }],
        categories: [],
      });
    put('coco/annotations/instances_train.json', coco('a.jpg'));
    put('coco/annotations/instances_test.json', coco('b.jpg'));
    put(
      'coco/annotations/captions.json',
      JSON.stringify({ images: [{ file_name: 'a.jpg' }], annotations: [{}] }),
    );
    put('coco/annotations/lost.json', coco('gone.jpg'));
    put('coco/train2017/a.jpg');
    put('coco/test2017/b.jpg');
    const annotations = '/annotations/instances_train.json';
    expect(await found('coco')).toEqual([
      [
        'detection',
        {
          kind: 'coco',
          images: '/train2017',
          annotations,
          testImages: '/test2017',
          testAnnotations: '/annotations/instances_test.json',
          input,
        },
      ],
    ]);
  });

  it('finds tables, and what can be predicted from them', async () => {
    const rows = Array.from({ length: 20 }, (_, index) => `p${index}.png,${index},"a, b"`).join('\n');
    put('tables/t.csv', `\uFEFFfile,count,"the kind"\n${rows}\n`);
    put('tables/one.csv', 'alone\n1\n');
    const choices = await findData(join(root, 'tables'));
    expect(choices.map(({ label }) => label)).toEqual(['t.csv']);
    const [table] = choices;
    expect(table?.columns).toMatchObject([
      { name: 'file', kind: 'pictures' },
      { name: 'count', kind: 'numbers', values: 20 },
      { name: 'the kind', kind: 'words', values: 1 },
    ]);
    const [, count, kind] = table?.columns ?? [];
    if (!table?.columns || !count || !kind) throw new Error('The table has three columns.');
    expect(withTarget(table, table.columns, count)).toMatchObject({
      task: 'regression',
      source: { target: 'count', image: 'file', input },
    });
    expect(withTarget(table, table.columns, kind)).toMatchObject({ task: 'classification' });
  });

  it('knows what arrays of labels stand for', async () => {
    for (const [name, shape, type] of [
      ['values', [7], '<f4'],
      ['masks', [7, 4, 4], '|u1'],
      ['boxes', [7, 3, 5], '<f4'],
      ['classes', [7], '<i8'],
    ] as const) {
      put(`kinds/${name}/x.npy`, npy([7, 4, 4, 1]));
      put(`kinds/${name}/y.npy`, npy([...shape], type));
    }
    const tasks = (await found('kinds')).map(([task]) => task);
    expect(tasks).toEqual(['detection', 'classification', 'segmentation', 'regression']);
  });
});

describe('data sets below a folder', () => {
  it('finds class folders with a test set, IDX files and arrays, nearest first', async () => {
    for (const file of ['train/cat/1.png', 'train/dog/1.JPG', 'test/cat/2.png', 'test/dog/2.jpeg'])
      put(`all/data/${file}`);
    put('all/idx/train-images-idx3-ubyte', Uint8Array.of(0, 0, 8, 3));
    put('all/idx/train-labels-idx1-ubyte', Uint8Array.of(0, 0, 8, 1));
    put('all/deep/arrays/x.npy', npy([7, 4]));
    put('all/deep/arrays/y.npy', npy([7]));
    put('all/deep/set.npz', zipSync({ 'images.npy': npy([2, 4]), 'labels.npy': npy([2]) }));
    put('all/node_modules/data/cat/1.png');
    put('all/node_modules/data/dog/1.png');
    const base = join(root, 'all');
    const found = await findData(base);
    expect(found.map(({ source }) => source)).toEqual([
      {
        kind: 'folders',
        path: join(base, 'data/train'),
        testPath: join(base, 'data/test'),
        input: { divide: 255 },
      },
      {
        kind: 'arrays',
        images: join(base, 'deep/set.npz#images'),
        labels: join(base, 'deep/set.npz#labels'),
      },
      {
        kind: 'idx',
        images: join(base, 'idx/train-images-idx3-ubyte'),
        labels: join(base, 'idx/train-labels-idx1-ubyte'),
        input: { divide: 255 },
      },
      {
        kind: 'arrays',
        images: join(base, 'deep/arrays/x.npy'),
        labels: join(base, 'deep/arrays/y.npy'),
        input: { divide: 255 },
      },
    ]);
    expect(placeOf(found[0] as never, base)).toBe('data/train');
  });

  it('takes no near miss: pictures beside the folders, an empty class, arrays of differing length', async () => {
    for (const file of [
      'loose/cat/1.png',
      'loose/dog/1.png',
      'loose/3.png',
      'empty/cat/1.png',
      'empty/dog/note.txt',
    ])
      put(`none/${file}`);
    put('none/x.npy', npy([7, 4]));
    put('none/y.npy', npy([8]));
    expect(await findData(join(root, 'none'))).toEqual([]);
  });

  it('understands a folder or a file that was chosen', async () => {
    const file = join(root, 'all/deep/arrays/x.npy');
    expect((await dataAt(file)).map(({ source }) => source.kind)).toEqual(['arrays']);
    expect((await dataAt(join(root, 'all/data')))[0]?.source.kind).toBe('folders');
    expect(await dataAt(join(root, 'all/deep/arrays/y.npy'))).toHaveLength(1);
    expect(await dataAt(join(root, 'absent'))).toEqual([]);
  });
});
