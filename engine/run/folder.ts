import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import { parseMetrics } from '../contract/metrics';
import { recipeSuffix, type Recipe } from '../contract/recipe';
import {
  runFiles,
  runsFolder,
  type FrozenRecipe,
  type MetricPoint,
  type RunEvent,
  type RunState,
} from '../contract/run';
import { version } from '../contract/version';
import { explainDiskError, temporaryName, writeWhole } from '../wholeFile';

const projectMarks = ['.retort', '.vscode', '.git', 'package.json'];

/** The project a recipe belongs to: the nearest folder upwards that looks like a project's root, else the recipe's own. */
export const projectOf = (recipeFile: string): string => {
  const own = dirname(resolve(recipeFile));
  for (let folder = own; ; folder = dirname(folder)) {
    if (projectMarks.some((mark) => existsSync(join(folder, mark)))) return folder;
    if (dirname(folder) === folder) return own;
  }
};

/** A recipe made ready to become a run: defaults filled, name and folder known. */
export const freezeRecipe = (recipe: Recipe, recipeFile: string): FrozenRecipe => {
  const source = resolve(recipeFile);
  return {
    version: 1,
    name:
      recipe.name ??
      basename(source)
        .replace(recipeSuffix, '')
        .replace(/\.json$/, ''),
    base: dirname(source),
    source,
    createdAt: new Date().toISOString(),
    recipe,
    hashes: {},
    versions: { retort: version, node: process.versions.node },
  };
};

const stamp = (iso: string): string => iso.slice(0, 19).replace('T', '-').replaceAll(':', '');

const startState = (frozen: FrozenRecipe): RunState => ({
  version: 1,
  status: 'queued',
  pid: null,
  backend: null,
  stages: [],
  stage: 0,
  epoch: 0,
  step: 0,
  totalStep: 0,
  totalSteps: 0,
  secondsLeft: null,
  latest: {},
  best: null,
  checkpoint: null,
  failure: null,
  startedAt: frozen.createdAt,
  updatedAt: frozen.createdAt,
});

/** Makes `<project>/.retort/runs/<time>-<name>` whole or not at all; gives the folder. */
export const createRunFolder = async (frozen: FrozenRecipe, runs: string): Promise<string> => {
  const name = `${stamp(frozen.createdAt)}-${frozen.name.replaceAll(/[^\w.-]+/g, '-')}`;
  let folder = join(runs, name);
  for (let other = 2; existsSync(folder); other++) folder = join(runs, `${name}-${other}`);
  const temporary = temporaryName(folder);
  try {
    await mkdir(join(temporary, runFiles.checkpoints), { recursive: true });
    await writeWhole(join(temporary, runFiles.recipe), JSON.stringify(frozen, null, 2));
    await writeWhole(join(temporary, runFiles.state), JSON.stringify(startState(frozen), null, 2));
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw explainDiskError(error, folder);
  }
  return folder;
};

export const runsOf = (project: string): string => join(project, runsFolder);

const readJson = async <T>(run: string, file: string): Promise<T> => {
  const text = await readFile(join(run, file), 'utf8').catch(() => null);
  if (text === null)
    throw new Failed(
      'runNotFound',
      `${run} is not a run folder: it has no ${file}.`,
      'Name a folder below .retort/runs.',
    );
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Failed('runNotFound', `${join(run, file)} is damaged.`, 'Start a new run from the recipe.');
  }
};

export const readFrozenRecipe = async (run: string): Promise<FrozenRecipe> => {
  const frozen = await readJson<FrozenRecipe>(run, runFiles.recipe);
  if (frozen.version > 1)
    throw new Failed('runNotFound', `${run} was made by a newer Retort.`, 'Update Retort to open it.');
  return frozen;
};

export const readState = (run: string): Promise<RunState> => readJson<RunState>(run, runFiles.state);
export const writeFrozenRecipe = (run: string, frozen: FrozenRecipe): Promise<void> =>
  writeWhole(join(run, runFiles.recipe), JSON.stringify(frozen, null, 2));
export const writeState = (run: string, state: RunState): Promise<void> =>
  writeWhole(join(run, runFiles.state), JSON.stringify(state, null, 2));

const appendLine = async (path: string, line: unknown): Promise<void> => {
  try {
    await appendFile(path, `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw explainDiskError(error, path);
  }
};

export const appendMetric = (run: string, point: MetricPoint): Promise<void> =>
  appendLine(join(run, runFiles.metrics), point);

export const appendEvent = (run: string, kind: RunEvent['kind'], message: string): Promise<void> =>
  appendLine(join(run, runFiles.events), { at: new Date().toISOString(), kind, message } satisfies RunEvent);

/** Every whole point of a run. */
export const readMetrics = async (run: string): Promise<MetricPoint[]> =>
  parseMetrics(await readFile(join(run, runFiles.metrics), 'utf8').catch(() => ''));

/** Drops the points that lie after where a run resumes, and a line that a crash cut short. */
export const rewindMetrics = async (run: string, keep: (point: MetricPoint) => boolean): Promise<void> => {
  const path = join(run, runFiles.metrics);
  const kept = (await readMetrics(run)).filter(keep);
  const lines = kept.map((point) => `${JSON.stringify(point)}\n`);
  await writeWhole(path, lines.join(''));
};

export const stopRequested = (run: string): boolean => existsSync(join(run, runFiles.stop));
export const clearStop = (run: string): Promise<void> => rm(join(run, runFiles.stop), { force: true });

/** Asks a run to stop at its next batch. */
export const requestStop = async (run: string): Promise<void> => {
  await stat(join(run, runFiles.state)).catch(() => {
    throw new Failed('runNotFound', `${run} is not a run folder.`, 'Name a folder below .retort/runs.');
  });
  await writeWhole(join(run, runFiles.stop), '');
};
