// What set-up fetches lies outside the project, so that clones share it and a clean clone is set up in seconds.
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `RETORT_CACHE`, else `retort` in the user's cache folder. */
export const cacheFolder =
  process.env.RETORT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'retort');
