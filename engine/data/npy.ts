import { strFromU8, unzipSync } from 'fflate';
import { Failed } from '../contract/failure';
import { readBytes } from './files';
import type { StoredArray } from './idx';

type Reader = (view: DataView, offset: number, little: boolean) => number;

const half: Reader = (view, offset, little) => {
  const bits = view.getUint16(offset, little);
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const byte: Reader = (view, offset) => view.getUint8(offset);

/** Element types by numpy's letter and size in bytes. */
const readers: Record<string, Reader> = {
  b1: byte,
  u1: byte,
  i1: (view, offset) => view.getInt8(offset),
  u2: (view, offset, little) => view.getUint16(offset, little),
  i2: (view, offset, little) => view.getInt16(offset, little),
  u4: (view, offset, little) => view.getUint32(offset, little),
  i4: (view, offset, little) => view.getInt32(offset, little),
  u8: (view, offset, little) => Number(view.getBigUint64(offset, little)),
  i8: (view, offset, little) => Number(view.getBigInt64(offset, little)),
  f2: half,
  f4: (view, offset, little) => view.getFloat32(offset, little),
  f8: (view, offset, little) => view.getFloat64(offset, little),
};

interface Header {
  type: string;
  little: boolean;
  fortran: boolean;
  shape: number[];
  begin: number;
}

const damaged = (name: string, detail: string): Failed =>
  new Failed('dataInvalid', `${name} ${detail}.`, 'Save the array again with numpy.save or numpy.savez.');

const readHeader = (bytes: Uint8Array, name: string): Header => {
  if (bytes[0] !== 0x93 || strFromU8(bytes.subarray(1, 6)) !== 'NUMPY' || bytes.length < 12) {
    throw damaged(name, bytes.length === 0 ? 'is empty' : 'is no .npy array');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = (bytes[6] ?? 1) >= 2;
  const text = long ? 12 : 10;
  const begin = text + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = strFromU8(bytes.subarray(text, begin));
  const type = /'descr':\s*'([<>|=])([a-zA-Z]\d*)'/.exec(header);
  const fortran = /'fortran_order':\s*(True|False)/.exec(header);
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header);
  if (begin > bytes.length || !fortran || !shape) throw damaged(name, 'has a damaged header');
  if (!type || !((type[2] as string) in readers)) {
    throw damaged(
      name,
      `holds elements of a kind that cannot be read (${type?.[0] ?? 'records'}): truth values, integers and floats can`,
    );
  }
  return {
    type: type[2] as string,
    little: type[1] !== '>',
    fortran: fortran[1] === 'True',
    shape: (shape[1] as string)
      .split(',')
      .filter((size) => size.trim())
      .map(Number),
    begin,
  };
};

/** For each row-major position, where the element lies in a file written column by column. */
const columnMajorPositions = (shape: readonly number[]): Float64Array => {
  const length = shape.reduce((product, size) => product * size, 1);
  const positions = new Float64Array(length);
  let stride = 1;
  let repeat = length;
  for (const size of shape) {
    repeat /= size || 1;
    for (let index = 0; index < length; index++) {
      positions[index] = (positions[index] as number) + (Math.floor(index / repeat) % size) * stride;
    }
    stride *= size;
  }
  return positions;
};

/**
 * Parses a .npy array (format versions 1 to 3) of truth values, integers or floats, in either order and endianness.
 * Source: numpy.lib.format. Throws `Failed` (dataInvalid); `name` is what the message calls the array.
 */
export const parseNpy = (bytes: Uint8Array, name: string): StoredArray => {
  const { type, little, fortran, shape, begin } = readHeader(bytes, name);
  const read = readers[type] as Reader;
  const width = Number(type.slice(1));
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length < begin + length * width) {
    throw damaged(
      name,
      `has ${bytes.length} bytes, but its header (${shape.join(' x ')}) asks for ${begin + length * width}`,
    );
  }
  const isByte = read === byte;
  if (isByte && !fortran) return { shape, values: bytes.subarray(begin, begin + length) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const positions = fortran ? columnMajorPositions(shape) : null;
  const values = isByte ? new Uint8Array(length) : new Float32Array(length);
  for (let index = 0; index < length; index++) {
    values[index] = read(view, begin + (positions ? (positions[index] as number) : index) * width, little);
  }
  return { shape, values };
};

const memberFailure = (file: string, wanted: string | undefined, names: readonly string[]): Failed =>
  new Failed(
    'dataInvalid',
    wanted === undefined
      ? `${file} holds several arrays, and the recipe does not say which.`
      : `${file} holds no array named ${wanted}.`,
    names.length > 0
      ? `Write ${file.split(/[\\/]/).pop()}#NAME with one of: ${names.join(', ')}.`
      : 'Give an archive written by numpy.savez.',
  );

const unzipMember = (bytes: Uint8Array, file: string, wanted: string | undefined): StoredArray => {
  const names: string[] = [];
  const unzip = (member: string | null): Uint8Array | undefined => {
    const files = unzipSync(bytes, {
      filter: ({ name }) => {
        if (member === null && name.endsWith('.npy')) names.push(name.slice(0, -4));
        return name === member;
      },
    });
    return member === null ? undefined : files[member];
  };
  try {
    unzip(null);
  } catch (error) {
    throw damaged(file, `is a damaged .npz archive (${(error as Error).message})`);
  }
  const chosen = wanted ?? (names.length === 1 ? names[0] : undefined);
  if (chosen === undefined || !names.includes(chosen)) throw memberFailure(file, wanted, names);
  try {
    return parseNpy(unzip(`${chosen}.npy`) ?? new Uint8Array(), `${file}#${chosen}`);
  } catch (error) {
    if (error instanceof Failed) throw error;
    throw damaged(file, `is a damaged .npz archive (${(error as Error).message})`);
  }
};

/** Reads `file.npy` or `file.npz#name` (the name may be left out where there is one array). */
export const readArray = async (reference: string, what: string): Promise<StoredArray> => {
  const [, archive, member] = /^(.*\.npz)(?:#(.*))?$/i.exec(reference) ?? [];
  if (archive !== undefined) return unzipMember(await readBytes(archive, what), archive, member);
  return parseNpy(await readBytes(reference, what), reference);
};
