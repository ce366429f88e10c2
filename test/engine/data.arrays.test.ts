import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dataSchema } from '../../engine/contract/data';
import { openDataset } from '../../engine/data/open';
import { parseIdx } from '../../engine/data/idx';
import { parseNpy } from '../../engine/data/npy';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-arrays-'));
});
afterEach(() => rm(folder, { recursive: true }));

const idx = (type: number, shape: readonly number[], elements: Uint8Array): Buffer => {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.set([0, 0, type, shape.length]);
  shape.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, elements]);
};

const npy = (descr: string, shape: readonly number[], elements: Uint8Array, fortran = false): Buffer => {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const header = Buffer.from(text.padEnd(117) + '\n');
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from('NUMPY'),
    Buffer.from([1, 0]),
    length,
    header,
    elements,
  ]);
};

const put = (name: string, bytes: Uint8Array) => writeFile(join(folder, name), bytes);
const open = (options: object, shape: readonly number[], seed = 1) =>
  openDataset(dataSchema.parse({ validation: 0, ...options }), folder, shape, seed);
const refused = async (opened: Promise<unknown>, code: string, sentence: RegExp) => {
  const failure = await opened.then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ name: 'Failed', code });
  expect((failure as Error).message).toMatch(sentence);
};
const counting = (length: number) => Uint8Array.from({ length }, (_, index) => index % 256);

describe('IDX', () => {
  const options = { kind: 'idx', images: 'images', labels: 'labels' };

  it('reads images and labels, gzip or not, and keeps bytes', async () => {
    await put('images', gzipSync(idx(8, [3, 2, 2], counting(12))));
    await put('labels', idx(8, [3], Uint8Array.from([2, 0, 1])));
    const { train, classes } = await open(options, [2, 2, 1]);
    expect(train).toMatchObject({ count: 3, shape: [2, 2, 1] });
    expect([...train.values]).toEqual([...counting(12)]);
    expect(train.values).toBeInstanceOf(Uint8Array);
    expect([...train.labels]).toEqual([2, 0, 1]);
    expect(classes).toEqual(['0', '1', '2']);
    expect((await open(options, [4])).train.shape).toEqual([4]);
  });

  it('reads every element type, big-endian', () => {
    const view = (length: number, write: (view: DataView) => void) => {
      const bytes = new Uint8Array(length);
      write(new DataView(bytes.buffer));
      return bytes;
    };
    const value = (type: number, bytes: Uint8Array) => parseIdx(idx(type, [1], bytes), 'x').values[0];
    expect(value(0x09, Uint8Array.from([0xff]))).toBe(-1);
    expect(
      value(
        0x0b,
        view(2, (v) => v.setInt16(0, -300)),
      ),
    ).toBe(-300);
    expect(
      value(
        0x0c,
        view(4, (v) => v.setInt32(0, 70000)),
      ),
    ).toBe(70000);
    expect(
      value(
        0x0d,
        view(4, (v) => v.setFloat32(0, 0.5)),
      ),
    ).toBe(0.5);
    expect(
      value(
        0x0e,
        view(8, (v) => v.setFloat64(0, -2.25)),
      ),
    ).toBe(-2.25);
  });

  it('says how many bytes are missing, and what is no IDX file', async () => {
    await put('labels', idx(8, [3], counting(3)));
    await put('images', idx(8, [3, 2, 2], counting(11)));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /has 27 bytes, .*3 x 2 x 2.* asks for 28/);
    await put('images', Buffer.from('\x89PNG....'));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /is no IDX file: it begins with c2 89/);
    await put('images', Buffer.alloc(0));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /is empty/);
    await put('images', gzipSync(idx(8, [3, 2, 2], counting(12))).subarray(0, 20));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /damaged gzip/);
    await rm(join(folder, 'images'));
    await refused(open(options, [2, 2, 1]), 'dataNotFound', /no training images at .*images/);
  });

  it('refuses no samples, other counts, other shapes, one class, and half a test split', async () => {
    await put('images', idx(8, [0, 2, 2], counting(0)));
    await put('labels', idx(8, [0], counting(0)));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /holds no samples/);
    await put('images', idx(8, [3, 2, 2], counting(12)));
    await put('labels', idx(8, [2], counting(2)));
    await refused(
      open(options, [2, 2, 1]),
      'dataInvalid',
      /images holds 3 samples, but labels holds 2 labels/,
    );
    await put('labels', idx(8, [3], Uint8Array.from([0, 1, 1])));
    await refused(open(options, [32, 32, 3]), 'dataInvalid', /are 2 x 2, but the student takes 32 x 32 x 3/);
    await refused(
      open({ ...options, testImages: 'images' }, [2, 2, 1]),
      'recipeInvalid',
      /without testLabels/,
    );
    await put('labels', idx(8, [3], Uint8Array.from([0, 0, 0])));
    await refused(open(options, [2, 2, 1]), 'dataInvalid', /same class/);
  });
});

describe('npy and npz', () => {
  const float = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

  it('reads every number type, order and endianness', () => {
    const read = (descr: string, bytes: ArrayBufferLike) => [
      ...parseNpy(npy(descr, [2], new Uint8Array(bytes)), 'x').values,
    ];
    expect(read('|b1', Uint8Array.from([0, 1]).buffer)).toEqual([0, 1]);
    expect(read('|i1', Int8Array.from([-3, 4]).buffer)).toEqual([-3, 4]);
    expect(read('<u2', Uint16Array.from([1, 65535]).buffer)).toEqual([1, 65535]);
    expect(read('<i4', Int32Array.from([-70000, 9]).buffer)).toEqual([-70000, 9]);
    expect(read('<i8', BigInt64Array.from([-5n, 6n]).buffer)).toEqual([-5, 6]);
    expect(read('<f8', Float64Array.from([0.5, -1.5]).buffer)).toEqual([0.5, -1.5]);
    expect(read('<f2', Uint16Array.from([0x3c00, 0xc100]).buffer)).toEqual([1, -2.5]);
    expect(read('<f2', Uint16Array.from([0x0001, 0xfc00]).buffer)).toEqual([2 ** -24, -Infinity]);
    expect(read('>i2', Uint8Array.from([1, 0, 0, 2]).buffer)).toEqual([256, 2]);
    expect(parseNpy(npy('|u1', [2], counting(2)), 'x').values).toBeInstanceOf(Uint8Array);
  });

  it('turns column-major arrays row-major', () => {
    const bytes = Uint8Array.from([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
    const { shape, values } = parseNpy(npy('|u1', [2, 3, 2], bytes, true), 'x');
    expect(shape).toEqual([2, 3, 2]);
    expect([...values]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('opens arrays of an archive by name, one-hot labels and float images', async () => {
    await put(
      'data.npz',
      zipSync({
        'x.npy': npy('<f4', [2, 1, 1, 2], float(0.5, -1, 2, 3)),
        'y.npy': npy('<f4', [2, 3], float(0, 0, 1, 1, 0, 0)),
      }),
    );
    const options = { kind: 'arrays', images: 'data.npz#x', labels: 'data.npz#y' };
    const { train, classes } = await open(options, [1, 1, 2]);
    expect([...train.values]).toEqual([0.5, -1, 2, 3]);
    expect(train.values).toBeInstanceOf(Float32Array);
    expect([...train.labels]).toEqual([2, 0]);
    expect(classes).toHaveLength(3);
    await refused(open({ ...options, labels: 'data.npz#z' }, [1, 1, 2]), 'dataInvalid', /no array named z/);
    await refused(open({ ...options, labels: 'data.npz' }, [1, 1, 2]), 'dataInvalid', /several arrays/);
  });

  it('refuses damaged files, channels first, and labels that are no class numbers', async () => {
    const options = { kind: 'arrays', images: 'x.npy', labels: 'y.npy' };
    await put('y.npy', npy('<i4', [2], new Uint8Array(Int32Array.from([0, 1]).buffer)));
    await put('x.npy', npy('|u1', [2, 3, 4, 4], counting(95)));
    await refused(open(options, [4, 4, 3]), 'dataInvalid', /has 223 bytes, .* asks for 224/);
    await put('x.npy', npy('|u1', [2, 3, 4, 4], counting(96)));
    await refused(open(options, [4, 4, 3]), 'dataInvalid', /3 x 4 x 4, but the student takes 4 x 4 x 3/);
    await put('x.npy', npy('|O', [2], counting(2)));
    await refused(open(options, [4, 4, 3]), 'dataInvalid', /elements of a kind/);
    await put('x.npy', Buffer.from('plain text, no array'));
    await refused(open(options, [4, 4, 3]), 'dataInvalid', /no \.npy array/);
    await put('x.npy', npy('|u1', [2, 2], counting(4)));
    await put('y.npy', npy('<i4', [2], new Uint8Array(Int32Array.from([0, -1]).buffer)));
    await refused(open(options, [2]), 'dataInvalid', /say -1 for sample 1/);
    await put('y.npy', npy('<f4', [2], float(0, 1.5)));
    await refused(open(options, [2]), 'dataInvalid', /say 1.5 for sample 1/);
    await put('y.npy', npy('<f4', [2, 2], float(0, 1, 0.3, 0.7)));
    await refused(open(options, [2]), 'dataInvalid', /row 1 is not one-hot/);
    const augmented = open({ ...options, augment: { flip: true } }, [2]);
    await refused(augmented, 'recipeInvalid', /no pictures/);
  });
});

describe('the split', () => {
  const options = { kind: 'idx', images: 'images', labels: 'labels', validation: 0.25 };
  beforeEach(async () => {
    await put('images', idx(8, [80, 1, 1], counting(80)));
    await put(
      'labels',
      idx(
        8,
        [80],
        counting(80).map((value) => (value < 60 ? 0 : 1)),
      ),
    );
  });

  it('is disjoint, complete, stratified, and the same for one seed', async () => {
    const { train, validation, hash } = await open(options, [1, 1, 1]);
    expect([train.count, validation.count]).toEqual([60, 20]);
    expect([...train.values, ...validation.values].sort((a, b) => a - b)).toEqual([...counting(80)]);
    expect([...validation.labels].filter((label) => label === 1)).toHaveLength(5);
    const again = await open(options, [1, 1, 1]);
    expect(again.validation.values).toEqual(validation.values);
    expect(again.hash).toBe(hash);
    const other = await open(options, [1, 1, 1], 2);
    expect(other.validation.values).not.toEqual(validation.values);
    expect(other.hash).toBe(hash);
  });

  it('limits by seed, in proportion, and hashes what it read', async () => {
    const { train, validation, hash } = await open({ ...options, limit: 20 }, [1, 1, 1]);
    expect([train.count, validation.count]).toEqual([15, 5]);
    expect([...train.labels, ...validation.labels].filter((label) => label === 1)).toHaveLength(5);
    expect(hash).not.toBe((await open(options, [1, 1, 1])).hash);
  });
});

const shared = process.env['RETORT_TEST_DATA'] ?? resolve(__dirname, '../../../shared/data');
const fashion = join(shared, 'fashion-mnist');
const absent = !existsSync(fashion);
if (absent) console.log(`Fashion-MNIST is not read: there is no ${fashion} (set RETORT_TEST_DATA).`);

describe.skipIf(absent)('Fashion-MNIST', () => {
  it('has 10 balanced classes in every split', async () => {
    const path = (name: string) => join(fashion, name);
    const { train, validation, test, classes } = await open(
      {
        kind: 'idx',
        images: path('train-images-idx3-ubyte.gz'),
        labels: path('train-labels-idx1-ubyte.gz'),
        testImages: path('t10k-images-idx3-ubyte.gz'),
        testLabels: path('t10k-labels-idx1-ubyte.gz'),
        validation: 0.1,
      },
      [28, 28, 1],
    );
    expect([train.count, validation.count, test?.count, classes.length]).toEqual([54000, 6000, 10000, 10]);
    for (let label = 0; label < 10; label++) {
      expect(validation.labels.filter((one) => one === label)).toHaveLength(600);
    }
  });
});
