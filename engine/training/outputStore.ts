import { createHash } from 'node:crypto';
import { appendFileSync, closeSync, openSync, readSync, writeSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { explainDiskError, writeWhole } from '../wholeFile';

/** Rows of `rowSize` floats, in blocks that are written whole. */
export interface BlockLayout {
  rowSize: number;
  blocks: readonly { begin: number; length: number }[];
}

const rowsFile = 'rows.bin';
const indexFile = 'index.jsonl';
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const parseLine = (line: string): [number, string][] => {
  try {
    const { block, sha256: sum } = JSON.parse(line) as { block: number; sha256: string };
    return [[block, sum]];
  } catch {
    return [];
  }
};

/** The file of a store: the rows at their places, and an index that names every block once it is written. */
class BlockFile {
  private constructor(
    private readonly folder: string,
    private readonly descriptor: number,
    /** SHA-256, hex, of the blocks that are there. */
    private readonly sums: Map<number, string>,
  ) {}

  /** Takes over what an earlier process left, but for an index line that was cut short. */
  static async open(folder: string): Promise<BlockFile> {
    await mkdir(folder, { recursive: true });
    const text = await readFile(join(folder, indexFile), 'utf8').catch(() => '');
    const sums = new Map(text.split('\n').flatMap(parseLine));
    const lines = [...sums].map(([block, sum]) => `${JSON.stringify({ block, sha256: sum })}\n`);
    await writeWhole(join(folder, indexFile), lines.join(''));
    const rows = join(folder, rowsFile);
    closeSync(openSync(rows, 'a'));
    return new BlockFile(folder, openSync(rows, 'r+'), sums);
  }

  has(block: number): boolean {
    return this.sums.has(block);
  }

  /** `offset` in bytes from the start of the file. */
  read(into: Float32Array, offset: number): boolean {
    const bytes = bytesOf(into);
    return readSync(this.descriptor, bytes, 0, bytes.length, offset) === bytes.length;
  }

  /** The block's rows, if they are what was written. */
  verified(block: number, into: Float32Array, offset: number): boolean {
    const isWhole = this.read(into, offset) && sha256(bytesOf(into)) === this.sums.get(block);
    if (!isWhole) this.sums.delete(block);
    return isWhole;
  }

  write(block: number, values: Float32Array, offset: number): void {
    const bytes = bytesOf(values);
    const sum = sha256(bytes);
    try {
      for (let done = 0; done < bytes.length;)
        done += writeSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
      appendFileSync(join(this.folder, indexFile), `${JSON.stringify({ block, sha256: sum })}\n`);
    } catch (error) {
      throw explainDiskError(error, join(this.folder, rowsFile));
    }
    this.sums.set(block, sum);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/**
 * Keeps blocks of rows: in memory as far as `memoryBytes` go, and in `folder`, where a process that comes later finds
 * them. A block counts as kept once its checksum has been written after it, and is read back only if it matches, so a
 * process that dies at any moment leaves nothing that misleads.
 */
export class OutputStore {
  private readonly memory = new Map<number, Float32Array>();
  private readonly checked = new Set<number>();
  private readonly one: Float32Array;

  private constructor(
    private readonly layout: BlockLayout,
    private memoryBytes: number,
    private readonly file: BlockFile | null,
  ) {
    this.one = new Float32Array(layout.rowSize);
  }

  /** Without `folder`, memory must hold everything. */
  static async open(layout: BlockLayout, memoryBytes: number, folder: string | null): Promise<OutputStore> {
    return new OutputStore(layout, memoryBytes, folder === null ? null : await BlockFile.open(folder));
  }

  has(block: number): boolean {
    if (this.memory.has(block) || this.checked.has(block)) return true;
    if (!this.file?.has(block)) return false;
    const values = new Float32Array(this.blockSize(block));
    if (!this.file.verified(block, values, this.offset(block))) return false;
    this.remember(block, values);
    return true;
  }

  /** Takes over `values`: the block's rows. */
  put(block: number, values: Float32Array): void {
    if (values.length !== this.blockSize(block)) throw new Error(`Block ${block} has another size.`);
    this.file?.write(block, values, this.offset(block));
    this.remember(block, values);
  }

  /** A row of a block that is kept; valid until the next call. */
  row(block: number, index: number): Float32Array {
    const { rowSize } = this.layout;
    const inMemory = this.memory.get(block);
    if (inMemory) return inMemory.subarray(index * rowSize, (index + 1) * rowSize);
    const offset = this.offset(block) + index * this.one.byteLength;
    if (this.file?.read(this.one, offset)) return this.one;
    throw new Error(`Block ${block} is not kept.`);
  }

  close(): void {
    this.memory.clear();
    this.file?.close();
  }

  private remember(block: number, values: Float32Array): void {
    this.checked.add(block);
    if (this.file && values.byteLength > this.memoryBytes) return;
    this.memoryBytes -= values.byteLength;
    this.memory.set(block, values);
  }

  private blockSize(block: number): number {
    return (this.layout.blocks[block]?.length ?? 0) * this.layout.rowSize;
  }

  private offset(block: number): number {
    return (this.layout.blocks[block]?.begin ?? 0) * this.one.byteLength;
  }
}
