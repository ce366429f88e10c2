import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where set-up keeps what it fetches, outside every project: `RETORT_CACHE`, else the user's cache folder. */
export const cacheFolder = (): string => {
  if (process.env.RETORT_CACHE) return process.env.RETORT_CACHE;
  if (process.platform === 'win32' && process.env.LOCALAPPDATA)
    return join(process.env.LOCALAPPDATA, 'retort');
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'retort');
};
