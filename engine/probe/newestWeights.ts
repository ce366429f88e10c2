import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import { runFiles } from '../contract/run';
import type { Network } from '../models/network';
import { readState } from '../run/folder';
import {
  listCheckpoints,
  readCheckpoint,
  readManifest,
  type Checkpoint,
  type Manifest,
} from '../training/checkpoint';
import { restoreVariables } from '../training/stage';

/** A network that a run may train: the prefix of its variables in checkpoints, and its folder in the run. */
export type Group = 'student' | 'teacher';

/** Which weights are looked for. */
export interface Wanted {
  run: string;
  group: Group;
  /** As in the recipe. */
  keep: 'best' | 'last';
}

/** A network of a run with the checkpoint that its weights come from. */
export interface ProbedNetwork {
  network: Network;
  /** The checkpoint's folder name; null while its weights are those it was opened with. */
  checkpoint: string | null;
}

/**
 * Brings a network, and variables that are trained beside it, to the newest weights of the run. Fails with
 * `checkpointCorrupt` where they cannot be read or belong to another model.
 */
export const loadNewest = async (
  wanted: Wanted,
  probed: ProbedNetwork,
  beside: readonly [string, tf.Variable][] = [],
): Promise<void> => {
  const found = await readNewestWeights(wanted, probed.checkpoint);
  if (!found) return;
  const { trainable, statistics } = probed.network;
  const own = [...trainable, ...statistics].map(([name, variable]): [string, tf.Variable] => [
    `${wanted.group}/${name}`,
    variable,
  ]);
  restoreVariables(new Map([...own, ...beside]), found.checkpoint.variables, (name) => {
    throw new Failed(
      'checkpointCorrupt',
      `The checkpoint ${found.name} lacks the variable ${name}.`,
      'Start a new run from the recipe: the model or the losses have changed.',
    );
  });
  probed.checkpoint = found.name;
};

interface FoundWeights {
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
const readNewestWeights = async (wanted: Wanted, loaded: string | null): Promise<FoundWeights | null> => {
  const unreadable = new Map<string, Failed>();
  for (;;) {
    const name = await newestSource(wanted, unreadable);
    const [failure] = unreadable.values();
    if (name === null && failure) throw failure;
    if (name === null || name === loaded) return null;
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
    const source = manifest && (await sourceIn(wanted, manifest, name));
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

const sourceIn = async (wanted: Wanted, manifest: Manifest, name: string): Promise<string | null> => {
  const { run, group, keep } = wanted;
  const chosen = manifest.chosen[group];
  if (chosen !== undefined) return chosen;
  if (!manifest.variables.some((variable) => variable.name.startsWith(`${group}/`))) return null;
  const isDone = (await readState(run)).status === 'done';
  return isDone && keep === 'best' ? (manifest.best?.folder ?? name) : name;
};
