import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OutputStore, type BlockLayout } from '../../engine/training/outputStore';

const layout: BlockLayout = {
  rowSize: 3,
  blocks: [
    { begin: 0, length: 2 },
    { begin: 2, length: 2 },
    { begin: 4, length: 1 },
  ],
};
const rowBytes = 12;
const plenty = 1000;
const blockOf = (block: number): Float32Array =>
  Float32Array.from({ length: 3 * (layout.blocks[block]?.length ?? 0) }, (_, at) => 100 * block + at / 3);

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'retort-outputs-')), 'rows');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const filled = async (memory: number): Promise<OutputStore> => {
  const store = await OutputStore.open(layout, memory, folder);
  for (const block of [2, 0, 1]) store.put(block, blockOf(block));
  return store;
};
const rowsOf = (store: OutputStore, block: number): number[][] =>
  Array.from({ length: layout.blocks[block]?.length ?? 0 }, (_, row) => [...store.row(block, row)]);
const expected = (block: number): number[][] =>
  Array.from({ length: layout.blocks[block]?.length ?? 0 }, (_, row) => [
    ...blockOf(block).subarray(3 * row, 3 * row + 3),
  ]);

describe('a store of outputs', () => {
  it.each([
    ['in memory', plenty],
    ['partly in memory', 2 * rowBytes],
    ['on disk alone', 0],
  ])('gives back what was put, %s', async (_, memory) => {
    const store = await filled(memory);
    for (const block of [0, 1, 2]) expect(rowsOf(store, block)).toEqual(expected(block));
    store.close();
  });

  it('without a folder holds everything in memory', async () => {
    const store = await OutputStore.open(layout, 0, null);
    store.put(1, blockOf(1));
    expect([0, 1, 2].map((block) => store.has(block))).toEqual([false, true, false]);
    expect(rowsOf(store, 1)).toEqual(expected(1));
    expect(() => store.row(0, 0)).toThrow(/not kept/);
    expect(existsSync(folder)).toBe(false);
  });

  it('is found again by the next process', async () => {
    (await filled(plenty)).close();
    const store = await OutputStore.open(layout, 0, folder);
    expect([0, 1, 2].every((block) => store.has(block))).toBe(true);
    for (const block of [0, 1, 2]) expect(rowsOf(store, block)).toEqual(expected(block));
    store.close();
  });

  it('takes a block for missing whose bytes are not what was written', async () => {
    (await filled(0)).close();
    const file = openSync(join(folder, 'rows.bin'), 'r+');
    writeSync(file, Uint8Array.of(1), 0, 1, 3 * rowBytes + 1);
    closeSync(file);
    const store = await OutputStore.open(layout, plenty, folder);
    expect([0, 1, 2].map((block) => store.has(block))).toEqual([true, false, true]);
    store.put(1, blockOf(1));
    expect(rowsOf(store, 1)).toEqual(expected(1));
    store.close();
    const again = await OutputStore.open(layout, 0, folder);
    expect(again.has(1)).toBe(true);
    again.close();
  });

  it('passes over an index line that was cut short, and a file that lacks its end', async () => {
    const store = await OutputStore.open(layout, 0, folder);
    store.put(0, blockOf(0));
    store.close();
    const index = join(folder, 'index.jsonl');
    const line = readFileSync(index, 'utf8');
    appendFileSync(index, line.replace('"block":0', '"block":2'));
    appendFileSync(index, line.slice(0, 20));
    const next = await OutputStore.open(layout, 0, folder);
    expect([0, 1, 2].map((block) => next.has(block))).toEqual([true, false, false]);
    next.put(1, blockOf(1));
    next.close();
    const last = await OutputStore.open(layout, 0, folder);
    expect([0, 1, 2].map((block) => last.has(block))).toEqual([true, true, false]);
    last.close();
  });

  it('refuses a block of another size', async () => {
    const store = await OutputStore.open(layout, plenty, null);
    expect(() => store.put(2, blockOf(0))).toThrow(/another size/);
  });
});
