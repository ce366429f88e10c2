// Two set-ups at once (two terminals, `npm start` beside `npm test`) wait for one another.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './cache.mjs';

/** A lock that its holder has not touched for this long is left over from an interrupted set-up. */
const staleAfterMs = 20_000;
const touchEveryMs = 4_000;

/** Commands that run under a lock carry its file in this variable, so that they are found when their set-up is gone. */
export const lockVariable = 'RETORT_SETUP_LOCK';

/** @type {AsyncLocalStorage<string>} */
const held = new AsyncLocalStorage();

/** The file of the lock under which this code runs. */
export const heldLock = () => held.getStore();

/**
 * Whether a command of a set-up that was killed still works under the lock. Known on Linux only.
 * @param {string} file
 */
const hasOrphans = async (file) => {
  const processes = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const environments = processes.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''));
  return (await Promise.all(environments)).some((all) => all.split('\0').includes(`${lockVariable}=${file}`));
};

/** @param {number} pid */
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
};

/** @param {unknown} error @param {string} code */
const hasCode = (error, code) => /** @type {NodeJS.ErrnoException} */ (error).code === code;

/** @param {string} file */
const take = async (file) => {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(String(process.pid));
    await handle.close();
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
};

/** Removes the lock if its holder is gone. @param {string} file */
const dropStale = async (file) => {
  try {
    const [holder, { mtimeMs }] = [await readFile(file, 'utf8'), await stat(file)];
    const ageMs = Date.now() - mtimeMs;
    const isGone = holder !== '' && !isAlive(Number(holder));
    if ((!isGone && ageMs < staleAfterMs) || (await hasOrphans(file))) return;
    const aside = `${file}.${process.pid}`;
    await rename(file, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
};

/**
 * @template T
 * @param {string} name
 * @param {(line: string) => void} say
 * @param {() => Promise<T>} task
 * @returns {Promise<T>}
 */
export const withLock = async (name, say, task) => {
  const file = join(cacheFolder, 'locks', `${name}.lock`);
  await mkdir(join(cacheFolder, 'locks'), { recursive: true });
  for (let tries = 0; !(await take(file)); tries += 1) {
    if (tries === 10) say(`Waiting for another set-up to finish …`);
    await dropStale(file);
    await sleep(tries === 0 ? 0 : 200);
  }
  const touch = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), touchEveryMs);
  try {
    return await held.run(file, task);
  } finally {
    clearInterval(touch);
    await rm(file, { force: true });
  }
};
