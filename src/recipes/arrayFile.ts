import { open } from 'node:fs/promises';

/** What the head of an array file tells. */
export interface ArrayShape {
  shape: number[];
  /** True for unsigned bytes. */
  isBytes: boolean;
  /** True for numbers with fractions. */
  isFloat: boolean;
}

const readPart = async (file: string, begin: number | 'end', length: number): Promise<Buffer | null> => {
  const handle = await open(file, 'r').catch(() => null);
  if (!handle) return null;
  try {
    const { size } = await handle.stat();
    const from = begin === 'end' ? Math.max(0, size - length) : begin;
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - from)));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    return bytes.subarray(0, bytesRead);
  } catch {
    return null;
  } finally {
    await handle.close();
  }
};

/** The shape of a `.npy` file; null for another file. Format: numpy.lib.format, versions 1 to 3. */
export const npyShape = async (file: string): Promise<ArrayShape | null> => {
  const head = await readPart(file, 0, 4096);
  if (!head || head.subarray(0, 6).toString('latin1') !== '\x93NUMPY') return null;
  const text = head.toString('latin1');
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  const type = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  if (shape === undefined || type === undefined) return null;
  const sizes = shape.split(',').filter((size) => size.trim());
  return { shape: sizes.map(Number), isBytes: type.endsWith('u1'), isFloat: /f\d+$/.test(type) };
};

const centralEntry = 0x02014b50;
const endOfDirectory = 0x06054b50;
const longestComment = 0xffff;

/** The names of the arrays in a `.npz`, in order; none for another file. Only the zip's directory is read (APPNOTE 4.3). */
export const npzNames = async (file: string): Promise<string[]> => {
  const tail = await readPart(file, 'end', longestComment + 22);
  if (!tail) return [];
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endOfDirectory) end--;
  if (end < 0) return [];
  const directory = await readPart(file, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  const names: string[] = [];
  for (let at = 0; directory && at + 46 <= directory.length && directory.readUInt32LE(at) === centralEntry;) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset));
    const begin = at + 46;
    names.push(directory.toString('utf8', begin, begin + (name ?? 0)));
    at = begin + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return names.filter((name) => name.endsWith('.npy')).map((name) => name.slice(0, -4));
};

/** Rank and element type of an IDX file that is not compressed; null for another file. */
export const idxRank = async (file: string): Promise<number | null> => {
  const head = await readPart(file, 0, 4);
  return head?.length === 4 && head[0] === 0 && head[1] === 0 && head[2] !== 0 ? (head[3] ?? null) : null;
};
