import { readdir, readFile, stat } from 'node:fs/promises';
import { uptime } from 'node:os';
import { basename, join } from 'node:path';
import { parseMetrics } from '../../engine/contract/metrics';
import {
  isActive,
  runFiles,
  type FrozenRecipe,
  type MetricPoint,
  type RunReport,
  type RunState,
  type RunStatus,
} from '../../engine/contract/run';

/** As shown: a run whose process is gone while its state says that it works is interrupted. */
export type ShownStatus = RunStatus | 'interrupted';

/** One run as the host knows it without its points. */
export interface Run {
  /** The folder's name; made unique where two roots hold folders of one name. */
  id: string;
  /** Absolute. */
  folder: string;
  name: string;
  createdAt: string;
  /** Absolute path of the recipe it was made from. */
  source: string;
  status: ShownStatus;
  state: RunState;
}

const readJson = async <T>(file: string): Promise<T | null> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return null;
  }
};

/** A reader refuses what a newer version wrote. */
const known = <T extends { version: number }>(value: T | null): T | null =>
  value && typeof value === 'object' && value.version <= 1 ? value : null;

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** How long a run that was made may take until its process writes its first state. */
const startLimitMs = 60_000;

/** `started`: when this machine started; a process number from before then means nothing. */
export const shownStatus = (
  state: RunState,
  now: number = Date.now(),
  started: number = now - uptime() * 1000,
  alive: (pid: number) => boolean = isAlive,
): ShownStatus => {
  if (!isActive(state.status)) return state.status;
  const updated = Date.parse(state.updatedAt) || 0;
  if (state.pid === null) return now - updated > startLimitMs ? 'interrupted' : state.status;
  return updated >= started && alive(state.pid) ? state.status : 'interrupted';
};

export const isShownActive = (status: ShownStatus): boolean => status !== 'interrupted' && isActive(status);

/** Null for a folder that is no run, is half written, or comes from a newer version. */
export const readRun = async (folder: string): Promise<Run | null> => {
  const [frozen, state] = await Promise.all([readRecipe(folder), readState(folder)]);
  if (!frozen || !state) return null;
  const id = basename(folder);
  const { name, createdAt, source } = frozen;
  return { id, folder, name, createdAt, source, status: shownStatus(state), state };
};

export const readRecipe = async (folder: string): Promise<FrozenRecipe | null> =>
  known(await readJson<FrozenRecipe>(join(folder, runFiles.recipe)));

export const readState = async (folder: string): Promise<RunState | null> =>
  known(await readJson<RunState>(join(folder, runFiles.state)));

export const readReport = (folder: string): Promise<RunReport | null> =>
  readJson<RunReport>(join(folder, runFiles.reportJson));

/** Every whole point of a run. */
export const readPoints = async (folder: string): Promise<MetricPoint[]> =>
  parseMetrics(await readFile(join(folder, runFiles.metrics), 'utf8').catch(() => ''));

/** Absolute folders below a root that may be runs, newest name first; none if the root is absent. */
export const listFolders = async (root: string): Promise<string[]> => {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !entry.name.endsWith('.tmp'))
    .map((entry) => join(root, entry.name))
    .sort()
    .reverse();
};

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The state as pages get it: they know no interrupted runs, only stopped ones with a reason. */
export const pageState = (run: Run): RunState =>
  run.status === 'interrupted'
    ? {
        ...run.state,
        status: 'stopped',
        secondsLeft: null,
        failure: {
          code: 'stopped',
          message: 'The process of this run is gone.',
          next: 'Resume it: it goes on from its newest checkpoint.',
        },
      }
    : run.state;
