import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import { runFiles, type FrozenRecipe } from '../contract/run';
import type { Network } from '../models/network';
import { openModel, openTopology } from '../models/open';
import type { Group } from './newestWeights';

/**
 * Opens a network of a run (of several teachers the first) as it was when the run began: what the run saved of it,
 * since its code may have changed; before that, the model that the recipe names. Fails with `recipeInvalid` where the
 * recipe names none.
 */
export const openNetwork = async (run: string, frozen: FrozenRecipe, group: Group): Promise<Network> => {
  const { recipe, base } = frozen;
  const named = group === 'student' ? recipe.student : recipe.teacher?.[0];
  if (!named) {
    throw new Failed('recipeInvalid', `The run's recipe names no ${group}.`, 'Look at its other network.');
  }
  const input = named.input ?? recipe.data.input ?? {};
  const seed = `${recipe.seed}/${group === 'student' ? 'student' : 'teacher/0'}`;
  const saved = [join(run, group), join(run, runFiles.models, group)]
    .map((folder) => join(folder, 'model.json'))
    .find((file) => existsSync(file));
  return saved ? openTopology(saved, { input }) : openModel(resolve(base, named.model), { input, seed });
};
