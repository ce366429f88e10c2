import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataSchema } from '../../engine/contract/data';
import type { Task } from '../../engine/contract/recipe';
import type { Dataset, Split } from '../../engine/data/dataset';
import { openDataset } from '../../engine/data/open';
import { npy } from './tinyProject';
import { dataFolder, type DataFolder } from './dataFolder';

let data: DataFolder;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data.remove());

const open = (more: object, inputs: number, task: Task = 'regression'): Promise<Dataset> =>
  data.open({ kind: 'csv', path: 'table.csv', target: 'y', ...more }, [inputs], task);
const raw = { scale: false, standardise: false };
const valuesOf = (split: Split): number[] => [...(split.targets?.values?.values ?? [])];
const near = (found: readonly number[], wanted: readonly number[]): void =>
  wanted.forEach((value, at) => expect(found[at]).toBeCloseTo(value, 5));

describe('a table', () => {
  it('becomes numbers: columns as they are, words one input each, the target apart', async () => {
    await data.put('table.csv', 'a,kind,y\n1,red,10\n2,blue,20\n3.5,red,30\n');
    const { train, outputs, inputs, classes } = await open(raw, 3);
    expect(train.shape).toEqual([3]);
    expect([...train.values]).toEqual([1, 0, 1, 2, 1, 0, 3.5, 0, 1]);
    expect(valuesOf(train)).toEqual([10, 20, 30]);
    expect(classes).toEqual([]);
    expect(outputs).toEqual([{ name: 'y', mean: 0, std: 1 }]);
    expect(inputs?.map((one) => ('word' in one ? one.word : one.column))).toEqual(['a', 'blue', 'red']);
  });

  it('standardises numbers and targets by its training lines, and says how', async () => {
    await data.put('table.csv', 'a,y\n1,10\n3,30\n');
    await data.put('test.csv', 'y,a\n50,5\n');
    const { train, test, outputs, inputs } = await open({ testPath: 'test.csv' }, 1);
    near([...train.values], [-1, 1]);
    near(valuesOf(train), [-1, 1]);
    expect(outputs).toEqual([{ name: 'y', mean: 20, std: 10 }]);
    expect(inputs).toEqual([{ column: 'a', mean: 2, std: 1 }]);
    near([...(test as Split).values], [3]);
    near(valuesOf(test as Split), [3]);
  });

  it('is read with quotes, a byte order mark, other separators, decimal commas and Windows lines', async () => {
    await data.put('table.csv', '\uFEFF"a ""b""";"y"\r\n"1,5";2\r\n\r\n-3;"4"\r\n');
    const { train } = await open({ ...raw, columns: ['a "b"'] }, 1);
    expect([...train.values]).toEqual([1.5, -3]);
    expect(valuesOf(train)).toEqual([2, 4]);
    await data.put('table.csv', 'a\ty\n"x, y"\t2\nz\t4\n');
    expect([...(await open(raw, 2)).train.values]).toEqual([1, 0, 0, 1]);
  });

  it('refuses empty cells, leaves their samples out, or fills them in', async () => {
    await data.put('table.csv', 'a,kind,y\n1,u,1\n,u,2\n5,NA,3\n3,v,4\n3,u,5\n');
    await expect(open(raw, 3)).rejects.toMatchObject({
      code: 'dataInvalid',
      message: expect.stringMatching(/^Line 3 of .*table\.csv has no value in the column "a"/),
    });
    expect(valuesOf((await open({ ...raw, missing: 'drop' }, 3)).train)).toEqual([1, 4, 5]);
    const { train } = await open({ ...raw, missing: 'mean' }, 3);
    expect([...train.values]).toEqual([1, 1, 0, 3, 1, 0, 5, 1, 0, 3, 0, 1, 3, 1, 0]);
    await data.put('table.csv', 'a,y\n1,\n2,3\n3,4\n');
    await expect(open({ ...raw, missing: 'mean' }, 1)).rejects.toThrow(/no value in the column "y"/);
  });

  it('says what is wrong, where, and what to do', async () => {
    const refused = async (text: string, message: RegExp, more: object = {}, inputs = 1) => {
      await data.put('table.csv', text);
      await expect(open(more, inputs)).rejects.toThrow(message);
    };
    await refused('', /is empty/);
    await refused('a,y\n', /no line below/);
    await refused('a,a,y\n1,2,3\n', /two columns named "a"/);
    await refused('a,y\n1,2\n1,2,3\n', /cannot be read as a table: .*line 3/);
    await refused('a,y\n1,2\n"1,2\n', /cannot be read as a table/);
    await refused('a,y\n1,2\n2,many\n', /Line 3 of .* has "many" in the column "y", which is no number/);
    await refused('a,z\n1,2\n2,3\n', /has no column "y"/);
    await refused('a,b,y\n1,2,3\n2,3,4\n', /2 inputs \(a, b\), but the student takes 1/);
    const names = Array.from({ length: 120 }, (_, index) => `n${index},${index}`).join('\n');
    await refused(`id,y\n${names}\n`, /120 different words, e\.g\. "n0"/);
    await data.put('table.csv', 'a,y\n1,2\n2,3\n');
    await data.put('test.csv', 'a,y\nword,2\n');
    await expect(open({ testPath: 'test.csv' }, 1)).rejects.toThrow(/Line 2 of .*test\.csv has a word/);
    await expect(open({ path: 'nowhere.csv' }, 1)).rejects.toMatchObject({ code: 'dataNotFound' });
  });

  it('teaches classes too, and several values at once', async () => {
    await data.put('table.csv', 'a,b,y\n1,2,cat\n2,3,dog\n3,4,cat\n4,5,dog\n');
    const classified = await open(raw, 2, 'classification');
    expect(classified.classes).toEqual(['cat', 'dog']);
    expect([...classified.train.labels]).toEqual([0, 1, 0, 1]);
    const { train, outputs } = await data.open(
      { kind: 'csv', path: 'table.csv', target: ['b', 'a'], columns: ['y'], ...raw },
      [2],
      'regression',
    );
    expect(valuesOf(train)).toEqual([2, 1, 3, 2, 4, 3, 5, 4]);
    expect(outputs?.map(({ name }) => name)).toEqual(['b', 'a']);
    await expect(
      data.open({ kind: 'csv', path: 'table.csv', target: ['b', 'a'], ...raw }, [1], 'classification'),
    ).rejects.toThrow(/several target columns/);
  });

  it('names pictures, beside it or in a folder', async () => {
    await data.putPicture('tables/one.png', 4, 4, 10);
    await data.putPicture('pictures/two.jpg', 4, 4, 200);
    await data.putPicture('pictures/one.png', 4, 4, 50);
    await data.put('tables/t.csv', 'file,count\none.png,3\none.png,5\n');
    const options = { kind: 'csv', path: 'tables/t.csv', target: 'count', image: 'file', standardise: false };
    const { train } = await data.open(options, [2, 2, 1], 'regression');
    expect([train.shape, train.values[0], valuesOf(train)]).toEqual([[2, 2, 1], 10, [3, 5]]);
    await data.put('tables/t.csv', 'file,count\none.png,3\ntwo.jpg,5\n');
    const elsewhere = await data.open({ ...options, folder: 'pictures' }, [2, 2, 1], 'regression');
    expect(elsewhere.train.values[0]).toBe(50);
    await expect(data.open(options, [2, 2, 1], 'regression')).rejects.toMatchObject({
      code: 'dataNotFound',
      message: expect.stringMatching(/Line 3 .* names the picture two\.jpg/),
    });
  });
});

describe('arrays', () => {
  const images = npy('|u1', [3, 2, 2, 1], new Uint8Array(12).fill(7));
  const read = (task: Task, more: object = {}) =>
    data.open({ kind: 'arrays', images: 'x.npy', labels: 'y.npy', ...more }, [2, 2, 1], task);

  it('hold values, masks or boxes as the task says', async () => {
    await data.put('x.npy', images);
    await data.put('y.npy', npy('<f4', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6)));
    expect(valuesOf((await read('regression', { standardise: false })).train)).toEqual([1, 2, 3, 4, 5, 6]);
    await data.put('y.npy', npy('|u1', [3, 2, 2], Uint8Array.of(0, 1, 2, 255, 0, 0, 0, 0, 1, 1, 1, 1)));
    const masks = await read('segmentation');
    expect(masks.classes).toEqual(['0', '1', '2']);
    expect([...(masks.train.targets?.mask?.values ?? [])].slice(0, 4)).toEqual([0, 1, 2, 255]);
    const boxes = Float32Array.of(0, 0, 0.5, 1, 2, 0.5, 0, 1, 1, 0, 0, 0, 0, 0, -1);
    await data.put('y.npy', npy('<f4', [3, 1, 5], boxes));
    const found = await read('detection');
    expect(found.classes).toEqual(['0', '1', '2']);
    expect(found.train.targets?.boxes?.shape).toEqual([1, 5]);
  });

  it('refuse what the task cannot use', async () => {
    await data.put('x.npy', images);
    await data.put('y.npy', npy('<f4', [3], Float32Array.of(1, NaN, 2)));
    await expect(read('regression')).rejects.toThrow(/hold NaN at position 1/);
    await expect(read('segmentation')).rejects.toThrow(/have the shape 3, where samples x 2 x 2/);
    await data.put(
      'y.npy',
      npy(
        '<f4',
        [3, 1, 5],
        Float32Array.from({ length: 15 }, () => 2),
      ),
    );
    await expect(read('detection')).rejects.toThrow(/Row 0 of the boxes .* is no box within the picture/);
  });
});

const shared = resolve(process.env['RETORT_TEST_DATA'] ?? '../shared/data');
const isThere = existsSync(shared);
if (!isThere) console.warn(`Skipped: no data at ${shared} (RETORT_TEST_DATA names the folder).`);

describe.skipIf(!isThere)('real tables', () => {
  it('are read whole: abalone with its sex as three inputs', async () => {
    const options = dataSchema.parse({ kind: 'csv', path: 'abalone-tabular/abalone.csv', target: 'rings' });
    const { train, validation, outputs } = await openDataset(options, shared, [10], 1, 'regression');
    expect(train.count + validation.count).toBe(4176);
    expect(outputs?.[0]?.mean).toBeCloseTo(9.93, 1);
  });

  it('name the pictures of nuclei with their counts', async () => {
    const options = dataSchema.parse({
      kind: 'csv',
      path: 'dsb2018-nuclei/index.csv',
      folder: 'dsb2018-nuclei/images',
      image: 'file',
      target: ['nuclei_count', 'foreground_fraction'],
      limit: 12,
      validation: 0,
    });
    const { train, outputs } = await openDataset(options, shared, [16, 16, 3], 1, 'regression');
    expect([train.count, train.shape, train.targets?.values?.shape]).toEqual([12, [16, 16, 3], [2]]);
    expect(outputs?.[0]?.mean).toBeGreaterThan(5);
  });
});
