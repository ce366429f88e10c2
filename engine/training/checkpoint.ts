import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { Failed } from '../contract/failure';
import { runFiles } from '../contract/run';
import { explainDiskError, temporaryName } from '../wholeFile';

const variableSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.enum(['float32', 'int32', 'bool']),
  /** Bytes from the start of `variables.bin`. */
  offset: z.int().min(0),
  length: z.int().min(0),
});

const bestSchema = z
  .object({ epoch: z.int(), metric: z.string(), value: z.number(), folder: z.string() })
  .nullable();

const manifestSchema = z.object({
  version: z.literal(1),
  stage: z.string(),
  stageIndex: z.int().min(0),
  /** Steps done in the stage, and over all stages. */
  step: z.int().min(0),
  totalStep: z.int().min(0),
  /** Whole epochs done in the stage. */
  epoch: z.int().min(0),
  best: bestSchema,
  /** For each finished stage the checkpoint whose weights were chosen. */
  chosen: z.record(z.string(), z.string()),
  /** Sums of the live numbers since the last point. */
  pending: z.object({ count: z.int(), sums: z.record(z.string(), z.number()) }),
  variables: z.array(variableSchema),
  /** SHA-256, hex, of each file. */
  files: z.record(z.string(), z.string()),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Progress = Omit<Manifest, 'version' | 'variables' | 'files'>;
export type Values = Float32Array | Int32Array | Uint8Array;
export interface SavedVariable {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
  values: Values;
}
export interface Checkpoint {
  manifest: Manifest;
  variables: Map<string, SavedVariable>;
}

const manifestFile = 'manifest.json';
const dataFile = 'variables.bin';
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const corrupt = (folder: string, why: string): Failed =>
  new Failed(
    'checkpointCorrupt',
    `The checkpoint ${basename(folder)} ${why}.`,
    'Resume the run: the checkpoint before it is used.',
  );

/** `checkpoints/<total step>`, padded so that names sort by age. */
export const checkpointName = (totalStep: number): string => String(totalStep).padStart(8, '0');

const writeFlushed = async (path: string, bytes: Uint8Array): Promise<void> => {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
};

const pack = (variables: ReadonlyMap<string, tf.Tensor>) => {
  const entries: Manifest['variables'] = [];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of variables) {
    const values = tensor.dataSync() as Values;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    entries.push({
      name,
      shape: tensor.shape,
      dtype: tensor.dtype as SavedVariable['dtype'],
      offset,
      length: bytes.length,
    });
    parts.push(bytes);
    offset += bytes.length;
  }
  return { entries, bytes: Buffer.concat(parts) };
};

/** Writes `checkpoints/<total step>` of a run whole or not at all; gives its name. */
export const writeCheckpoint = async (
  run: string,
  progress: Progress,
  variables: ReadonlyMap<string, tf.Tensor>,
): Promise<string> => {
  const name = checkpointName(progress.totalStep);
  const folder = join(run, runFiles.checkpoints, name);
  const temporary = temporaryName(folder);
  const { entries, bytes } = pack(variables);
  const manifest: Manifest = {
    version: 1,
    ...progress,
    variables: entries,
    files: { [dataFile]: sha256(bytes) },
  };
  try {
    await mkdir(temporary, { recursive: true });
    await writeFlushed(join(temporary, dataFile), bytes);
    await writeFlushed(join(temporary, manifestFile), Buffer.from(JSON.stringify(manifest)));
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw explainDiskError(error, folder);
  }
  return name;
};

/** Names of the finished checkpoints of a run, oldest first. */
export const listCheckpoints = async (run: string): Promise<string[]> => {
  const folder = join(run, runFiles.checkpoints);
  if (!existsSync(folder)) return [];
  return (await readdir(folder)).filter((name) => /^\d{8,}$/.test(name)).sort();
};

export const readManifest = async (folder: string): Promise<Manifest> => {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(join(folder, manifestFile), 'utf8')));
  } catch (error) {
    throw corrupt(
      folder,
      error instanceof SyntaxError || error instanceof z.ZodError
        ? 'has a damaged manifest'
        : 'cannot be read',
    );
  }
};

const unpack = (entry: Manifest['variables'][number], bytes: Uint8Array): SavedVariable => {
  const copy = new Uint8Array(bytes.subarray(entry.offset, entry.offset + entry.length));
  const values =
    entry.dtype === 'float32'
      ? new Float32Array(copy.buffer)
      : entry.dtype === 'int32'
        ? new Int32Array(copy.buffer)
        : copy;
  return { shape: entry.shape, dtype: entry.dtype, values };
};

/** Reads a checkpoint folder and checks it against its SHA-256. Fails with `checkpointCorrupt`. */
export const readCheckpoint = async (folder: string): Promise<Checkpoint> => {
  const manifest = await readManifest(folder);
  const bytes = await readFile(join(folder, dataFile)).catch(() => {
    throw corrupt(folder, 'has lost its variables');
  });
  if (sha256(bytes) !== manifest.files[dataFile]) throw corrupt(folder, 'does not match its checksum');
  return {
    manifest,
    variables: new Map(manifest.variables.map((entry) => [entry.name, unpack(entry, bytes)])),
  };
};

/** The newest finished checkpoint of a run, or of one of its stages: an absolute folder. */
export const newestCheckpoint = async (run: string, stage?: string): Promise<string | null> => {
  for (const name of (await listCheckpoints(run)).reverse()) {
    const folder = join(run, runFiles.checkpoints, name);
    if (stage === undefined) return folder;
    const manifest = await readManifest(folder).catch(() => null);
    if (manifest?.stage === stage) return folder;
  }
  return null;
};

/** The newest checkpoint that is whole; damaged ones are named to `onDamaged` and passed over. */
export const newestWhole = async (
  run: string,
  onDamaged: (failure: Failed) => void,
): Promise<Checkpoint | null> => {
  for (const name of (await listCheckpoints(run)).reverse()) {
    try {
      return await readCheckpoint(join(run, runFiles.checkpoints, name));
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      onDamaged(error);
    }
  }
  return null;
};

/** Deletes all but the two newest checkpoints, those in `kept`, and unfinished leftovers. */
export const pruneCheckpoints = async (run: string, kept: ReadonlySet<string>): Promise<void> => {
  const folder = join(run, runFiles.checkpoints);
  const newest = new Set((await listCheckpoints(run)).slice(-2));
  for (const name of await readdir(folder)) {
    if (!newest.has(name) && !kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
};
