import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstalledTensorflow, RemovalReport } from '../contract/backend';
import { Failed } from '../contract/failure';
import { lockRuntimes } from './install';
import { bytesBelow } from './python';
import type { Progress } from './progress';
import { runtimeFolders, runtimesFolder } from './runtime';
import { currentUsers } from './usage';

/** Everything that Retort has set up in the cache folder, also what cannot be used any more, the newest first. */
export const listInstalled = async (): Promise<InstalledTensorflow[]> => {
  const listed = runtimeFolders().map(async ({ folder, record }) =>
    record ? [{ ...record, folder, bytes: await bytesBelow(folder) }] : [],
  );
  return (await Promise.all(listed)).flat().sort((a, b) => b.installedAt.localeCompare(a.installedAt));
};

const refuseInUse = (): void => {
  const runs = currentUsers().filter(({ verb }) => verb !== 'serve');
  if (runs.length === 0) return;
  const processes = runs.map(({ pid, verb }) => `${pid} (${verb})`).join(', ');
  throw new Failed(
    'backendBroken',
    `TensorFlow is in use by ${runs.length === 1 ? 'process' : 'the processes'} ${processes}.`,
    'Stop that run or wait for its end, then remove TensorFlow.',
  );
};

/**
 * Removes what Retort has set up; a TensorFlow of the user's own Python stays, only the binding to it goes.
 *
 * @throws Failed backendBroken while a run uses it.
 */
export const removeTensorflow = async (progress: Progress, signal?: AbortSignal): Promise<RemovalReport> => {
  if (!existsSync(runtimesFolder())) return { removed: [], bytes: 0 };
  const release = await lockRuntimes(progress, signal);
  try {
    refuseInUse();
    const removed = await listInstalled();
    for (const { folder } of removed) await rm(folder, { recursive: true, force: true });
    await rm(join(runtimesFolder(), 'users'), { recursive: true, force: true });
    return { removed, bytes: removed.reduce((sum, { bytes }) => sum + bytes, 0) };
  } finally {
    await release().catch(() => undefined);
  }
};
