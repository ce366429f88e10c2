import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Failed } from '../contract/failure';

interface Owner {
  pid: number;
  host: string;
}

const isAlive = (owner: Owner): boolean => {
  if (owner.host !== hostname()) return true;
  try {
    process.kill(owner.pid, 0);
    return owner.pid !== process.pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const readOwner = async (path: string): Promise<Owner | null> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Owner;
  } catch {
    return null;
  }
};

/**
 * Makes this process the only one that executes the run; gives the release. A lock whose process is gone is taken over.
 * A time-based lock would not do: a long step keeps the event loop, and with it any heartbeat, waiting.
 */
export const lockRun = async (run: string): Promise<() => Promise<void>> => {
  const path = join(run, 'lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner), {
        flag: 'wx',
      });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const owner = await readOwner(path);
      if (owner && isAlive(owner)) {
        const where =
          owner.host === hostname() ? `process ${owner.pid}` : `process ${owner.pid} on ${owner.host}`;
        throw new Failed(
          'internal',
          `This run is being executed by ${where}.`,
          `Stop that process first; if it is gone, delete ${path}.`,
        );
      }
      await rm(path, { force: true });
    }
  }
  throw new Failed('internal', 'Another process has just started this run.', 'Look at it in the run list.');
};
