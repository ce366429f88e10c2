import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runtimesFolder } from './runtime';

/** A process that has loaded TensorFlow from the cache folder. */
export interface User {
  pid: number;
  /** What it does: `execute` and `run` are runs, `serve` answers an editor. */
  verb: string;
  /** When the process started, as the system counts; null where the system does not tell. */
  started: string | null;
}

const usersFolder = (): string => join(runtimesFolder(), 'users');

/** Tells a process from a later one of the same number. Linux: field 22 of /proc/PID/stat, after the name in brackets. */
const startOf = (pid: number): string | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
};

const isAlive = ({ pid, started }: User): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === null || startOf(pid) === started;
};

/** Leaves a note that this process uses TensorFlow, until it ends. A cache that cannot be written to is no reason to fail. */
export const markInUse = (): void => {
  const file = join(usersFolder(), `${process.pid}.json`);
  const user: User = {
    pid: process.pid,
    verb: process.argv[2] ?? 'node',
    started: startOf(process.pid),
  };
  try {
    mkdirSync(usersFolder(), { recursive: true });
    writeFileSync(file, JSON.stringify(user));
  } catch {
    return;
  }
  process.once('exit', () => rmSync(file, { force: true }));
};

const readUser = (file: string): User | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as User;
  } catch {
    return null;
  }
};

const listed = (): string[] => {
  try {
    return readdirSync(usersFolder());
  } catch {
    return [];
  }
};

/** Other processes that use TensorFlow now; notes of those that are gone are removed. */
export const currentUsers = (): User[] =>
  listed().flatMap((name) => {
    const file = join(usersFolder(), name);
    const user = readUser(file);
    if (user && isAlive(user)) return user.pid === process.pid ? [] : [user];
    rmSync(file, { force: true });
    return [];
  });
