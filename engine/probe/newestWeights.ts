import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { runFiles } from '../contract/run';
import {
  listCheckpoints,
  readCheckpoint,
  readManifest,
  type Checkpoint,
  type Manifest,
} from '../training/checkpoint';

/** A network that a run may train: the prefix of its variables in checkpoints, and its folder in the run. */
export type Group = 'student' | 'teacher';

/** Which weights are looked for. */
export interface Wanted {
  run: string;
  group: Group;
  /** As in the recipe. */
  keep: 'best' | 'last';
}

export interface FoundWeights {
  /** The checkpoint's folder name. */
  name: string;
  checkpoint: Checkpoint;
}

/**
 * The newest weights of a network, or null where no checkpoint has any, or where `loaded` (a checkpoint's name) still
 * is the newest. While the network is trained that is the newest checkpoint, afterwards the one whose weights were
 * chosen. A checkpoint that is damaged, or that the run deletes meanwhile, is passed over.
 * Fails with `checkpointCorrupt` where none can be read.
 */
export const readNewestWeights = async (
  wanted: Wanted,
  loaded: string | null,
): Promise<FoundWeights | null> => {
  const unreadable = new Map<string, Failed>();
  for (;;) {
    const name = await newestSource(wanted, unreadable);
    if (name === loaded) return null;
    if (name === null) {
      const [failure] = unreadable.values();
      if (failure) throw failure;
      return null;
    }
    try {
      return { name, checkpoint: await readCheckpoint(join(wanted.run, runFiles.checkpoints, name)) };
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      unreadable.set(name, error);
    }
  }
};

const newestSource = async (
  wanted: Wanted,
  unreadable: ReadonlyMap<string, Failed>,
): Promise<string | null> => {
  for (const name of (await listCheckpoints(wanted.run)).reverse()) {
    const manifest = await manifestOrNull(join(wanted.run, runFiles.checkpoints, name));
    const source = manifest && sourceIn(wanted, manifest, name);
    if (source && !unreadable.has(source)) return source;
  }
  return null;
};

const manifestOrNull = async (folder: string): Promise<Manifest | null> => {
  try {
    return await readManifest(folder);
  } catch (error) {
    if (error instanceof Failed) return null;
    throw error;
  }
};

const sourceIn = ({ run, group, keep }: Wanted, manifest: Manifest, name: string): string | null => {
  const chosen = manifest.chosen[group];
  if (chosen !== undefined) return chosen;
  if (!manifest.variables.some((variable) => variable.name.startsWith(`${group}/`))) return null;
  const isFinished = manifest.stage === group && existsSync(join(run, group, 'model.json'));
  return isFinished && keep === 'best' ? (manifest.best?.folder ?? name) : name;
};
