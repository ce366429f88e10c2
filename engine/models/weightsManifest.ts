import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Failed } from '../contract/failure';
import { isLfsPointer, lfsFailure } from './fileFormat';

const bytesPerValue: Record<string, number> = {
  float32: 4,
  float16: 2,
  int32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
  complex64: 8,
};

const entrySchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.string(),
  quantization: z.looseObject({ dtype: z.string() }).optional(),
});
export const manifestSchema = z.array(
  z.looseObject({ paths: z.array(z.string().min(1)), weights: z.array(entrySchema) }),
);
export type WeightsManifest = z.infer<typeof manifestSchema>;
type Group = WeightsManifest[number];

export interface StoredWeights {
  specs: tf.io.WeightsManifestEntry[];
  data: ArrayBuffer;
}

const bytesOf = (entry: z.infer<typeof entrySchema>): number => {
  const size = bytesPerValue[entry.quantization?.dtype ?? entry.dtype];
  if (size === undefined)
    throw new Failed(
      'modelUnsupported',
      `The weight ${entry.name} is stored as ${entry.quantization?.dtype ?? entry.dtype}, which no layer computes with.`,
      'Save the model with float32 weights.',
    );
  return entry.shape.reduce((product, length) => product * length, size);
};

/** Null where there is no such file. */
const readShard = async (folder: string, path: string): Promise<Buffer | null> => {
  const file = join(folder, path);
  const bytes = await readFile(file).catch(() => null);
  if (bytes && isLfsPointer(bytes)) throw lfsFailure(file);
  return bytes;
};

const bytesNeeded = (group: Group): number => group.weights.reduce((sum, entry) => sum + bytesOf(entry), 0);
const bytesIn = (shards: readonly Buffer[]): number => shards.reduce((sum, shard) => sum + shard.length, 0);

const missingShards = (
  folder: string,
  { paths }: Group,
  found: readonly (Buffer | null)[],
  needed: number,
): Failed => {
  const missing = paths.filter((_, index) => !found[index]);
  const [first = ''] = missing;
  const there = bytesIn(found.filter((shard) => shard !== null));
  const what =
    missing.length === 1
      ? `The weights file ${first} is`
      : `${missing.length} weights files (${first} first) are`;
  return new Failed(
    'modelInvalid',
    `${what} missing beside the model: of ${needed} bytes, ${there} are there.`,
    `Put ${missing.length === 1 ? 'it' : 'them'} at ${join(folder, first)}, or download the model again with all its files.`,
  );
};

/** Converters cut a group into equal shards and a shorter last one, so a shard shorter than the first is cut short. */
const shortShard = (shards: readonly Buffer[]): number => {
  const cut = shards.findIndex((shard, index) => index > 0 && shard.length < (shards[0]?.length ?? 0));
  return cut === -1 ? shards.length - 1 : cut;
};

const checkSize = (group: Group, shards: readonly Buffer[]): void => {
  const needed = bytesNeeded(group);
  const found = bytesIn(shards);
  if (found === needed) return;
  const name = group.paths[found < needed ? shortShard(shards) : group.paths.length - 1];
  const place = shards.length === 1 ? `${name} has` : `its ${shards.length} shards (see ${name}) have`;
  throw new Failed(
    'modelInvalid',
    `The weights need ${needed} bytes, but ${place} ${found}.`,
    found < needed
      ? 'The file was cut short: download or save the model again.'
      : 'The weights belong to another model: put the right file beside this one.',
  );
};

/** Reads every shard of every group. Throws `modelInvalid` for a shard that is missing or of the wrong length. */
export const readWeights = async (manifest: WeightsManifest, modelFile: string): Promise<StoredWeights> => {
  const folder = dirname(modelFile);
  const all: Buffer[] = [];
  for (const group of manifest) {
    const found = await Promise.all(group.paths.map((path) => readShard(folder, path)));
    const shards = found.filter((shard) => shard !== null);
    if (shards.length < found.length) throw missingShards(folder, group, found, bytesNeeded(group));
    checkSize(group, shards);
    all.push(...shards);
  }
  const data = new Uint8Array(all.reduce((sum, shard) => sum + shard.length, 0));
  let offset = 0;
  for (const shard of all) {
    data.set(shard, offset);
    offset += shard.length;
  }
  const specs = manifest.flatMap((group) => group.weights) as unknown as tf.io.WeightsManifestEntry[];
  return { specs, data: data.buffer };
};
