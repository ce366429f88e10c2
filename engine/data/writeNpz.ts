import { zipSync } from 'fflate';
import { writeWhole } from '../wholeFile';
import type { StoredArray } from './idx';

/** A `.npy` array, version 1.0, C order, little-endian: bytes as `|u1`, everything else as `<f4`. */
const encodeNpy = ({ shape, values }: StoredArray): Uint8Array => {
  const type = values instanceof Uint8Array ? '|u1' : '<f4';
  const extents = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${extents}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const header = Buffer.alloc(length, ' ');
  header.write('\x93NUMPY', 'latin1');
  header.set([1, 0], 6);
  header.writeUInt16LE(length - 10, 8);
  header.write(text, 10, 'latin1');
  header[length - 1] = 0x0a;
  return Buffer.concat([header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
};

/** The earliest day that an archive can name: what is written depends on the arrays alone. */
const noDate = new Date(1980, 0, 1);

/** Writes `file.npz` as numpy.savez does, uncompressed: whole or not at all. */
export const writeNpz = (file: string, arrays: Readonly<Record<string, StoredArray>>): Promise<void> => {
  const members = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)] as const);
  return writeWhole(file, zipSync(Object.fromEntries(members), { level: 0, mtime: noDate }));
};
