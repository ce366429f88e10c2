import { Failed } from '../contract/failure';

/** An array as a file holds it, row-major. Bytes and truth values stay bytes, everything else becomes float32. */
export interface StoredArray {
  shape: number[];
  values: Uint8Array | Float32Array;
}

type Reader = (view: DataView, offset: number) => number;

/** Element types by the third byte of the magic number; IDX is big-endian throughout. */
const elementTypes: Record<number, { bytes: number; read: Reader }> = {
  0x08: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  0x09: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  0x0b: { bytes: 2, read: (view, offset) => view.getInt16(offset) },
  0x0c: { bytes: 4, read: (view, offset) => view.getInt32(offset) },
  0x0d: { bytes: 4, read: (view, offset) => view.getFloat32(offset) },
  0x0e: { bytes: 8, read: (view, offset) => view.getFloat64(offset) },
};
const unsignedByte = 0x08;

const invalid = (file: string, detail: string, next: string): Failed =>
  new Failed('dataInvalid', `${file} ${detail}.`, next);

const hex = (bytes: Uint8Array): string =>
  [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

/**
 * Parses an IDX file: magic 00 00 TYPE RANK, then RANK sizes as big-endian uint32, then the elements.
 * Source: the format note of the MNIST database. Throws `Failed` (dataInvalid).
 */
export const parseIdx = (bytes: Uint8Array, file: string): StoredArray => {
  const type = elementTypes[bytes[2] ?? -1];
  const rank = bytes[3] ?? 0;
  if (bytes[0] !== 0 || bytes[1] !== 0 || !type || rank === 0) {
    throw invalid(
      file,
      bytes.length === 0
        ? 'is empty'
        : `is no IDX file: it begins with ${hex(bytes)}, where 00 00, an element type (08, 09, 0b to 0e) and the number of dimensions are expected`,
      'Give an IDX file, such as train-images-idx3-ubyte.gz, or choose the data kind that fits.',
    );
  }
  const begin = 4 + 4 * rank;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) =>
    begin <= bytes.length ? view.getUint32(4 + 4 * axis) : 0,
  );
  const length = shape.reduce((product, size) => product * size, 1);
  const expected = begin + length * type.bytes;
  if (bytes.length !== expected) {
    throw invalid(
      file,
      `has ${bytes.length} bytes, but its header (${shape.join(' x ')}) asks for ${expected}`,
      'Fetch the file again: it is cut short or damaged.',
    );
  }
  if (bytes[2] === unsignedByte) return { shape, values: bytes.subarray(begin) };
  const values = Float32Array.from({ length }, (_, index) => type.read(view, begin + index * type.bytes));
  return { shape, values };
};
