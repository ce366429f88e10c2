import { resolve } from 'node:path';
import type { RunReport, RunState } from '../contract/run';
import type { OnDecoded } from '../data/pictures';
import { readRecipe } from '../recipe';
import { executeRun } from './execute';
import { createRunFolder, freezeRecipe, projectOf, runsOf } from './folder';
import { prepareRun } from './prepare';
import type { Recipe } from '../contract/recipe';

export interface StartOptions {
  /** Folder that holds the runs; without it, `.retort/runs` of the recipe's project. */
  runs?: string | undefined;
  backend?: Recipe['backend'] | undefined;
  onFolder: (run: string) => void;
  onState: (state: RunState) => void;
  /** Hears how many of the pictures have been decoded, before there is a folder. */
  onDecoded?: OnDecoded;
}

/** Makes a run folder from a recipe without opening its models. */
export const createRun = async (
  recipeFile: string,
  runs?: string,
  backend?: Recipe['backend'],
): Promise<string> => {
  const recipe = await readRecipe(recipeFile);
  const frozen = freezeRecipe({ ...recipe, backend: backend ?? recipe.backend }, recipeFile);
  return createRunFolder(frozen, runs ?? runsOf(projectOf(recipeFile)));
};

/** Opens everything first, so that a recipe that cannot work leaves no folder; then makes the run and executes it. */
export const startRun = async (recipeFile: string, options: StartOptions): Promise<RunReport> => {
  const recipe = await readRecipe(recipeFile);
  const frozen = freezeRecipe({ ...recipe, backend: options.backend ?? recipe.backend }, recipeFile);
  const prepared = await prepareRun(frozen, options.onDecoded);
  const runs = options.runs === undefined ? runsOf(projectOf(recipeFile)) : resolve(options.runs);
  const run = await createRunFolder(prepared.frozen, runs);
  options.onFolder(run);
  return executeRun(run, { onState: options.onState, prepared });
};
