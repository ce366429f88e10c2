import type { ValueColumn } from '../contract/run';
import type { FrozenRecipe } from '../contract/run';
import type { Dataset, Split } from '../data/dataset';
import { openDataset } from '../data/open';
import type { Network } from '../models/network';
import { readFrozenRecipe } from '../run/folder';
import { openMatches, type Match } from './matches';
import { loadNewest, type ProbedNetwork } from './newestWeights';
import { openNetwork } from './openNetwork';

/** A run opened to be looked into: its networks, its matched layers and the samples that are shown. */
export interface ProbedRun {
  run: string;
  frozen: FrozenRecipe;
  student: ProbedNetwork;
  teacher: ProbedNetwork | null;
  matches: readonly Match[];
  /** The validation split; the test split, else the training split, where none was kept aside. */
  samples: Split;
  classes: readonly string[];
  /** Of a regression. */
  outputs: readonly ValueColumn[];
}

/** Opens a run folder. It is only read, so the run may be going on. */
export const openProbedRun = async (run: string): Promise<ProbedRun> => {
  const frozen = await readFrozenRecipe(run);
  const networks: Network[] = [];
  try {
    const student = await openNetwork(run, frozen, 'student');
    networks.push(student);
    const teacher = frozen.recipe.teacher?.[0] ? await openNetwork(run, frozen, 'teacher') : null;
    if (teacher) networks.push(teacher);
    const { recipe, base } = frozen;
    const dataset = await openDataset(recipe.data, base, student.info.inputShape, recipe.seed, recipe.task);
    return {
      run,
      frozen,
      student: { network: student, checkpoint: null },
      teacher: teacher && { network: teacher, checkpoint: null },
      matches: await openMatches({ frozen, student, teachers: teacher ? [teacher] : [], dataset }),
      samples: shownSplit(dataset),
      classes: dataset.classes,
      outputs: dataset.outputs ?? [],
    };
  } catch (error) {
    for (const network of networks) network.dispose();
    throw error;
  }
};

const shownSplit = ({ validation, test, train }: Dataset): Split =>
  validation.count > 0 ? validation : (test ?? train);

/** Brings every network that the run trains, and the adapters, to the newest checkpoint. */
export const refresh = async (probed: ProbedRun): Promise<void> => {
  const { run, frozen, student, teacher, matches } = probed;
  const { keep } = frozen.recipe;
  const adapters = matches.flatMap((match) => [...match.variables]);
  await loadNewest({ run, group: 'student', keep }, student, adapters);
  const isTrained = frozen.recipe.teacher?.[0]?.train !== undefined;
  if (teacher && isTrained) await loadNewest({ run, group: 'teacher', keep }, teacher);
};

export const disposeProbedRun = ({ student, teacher, matches }: ProbedRun): void => {
  student.network.dispose();
  teacher?.network.dispose();
  for (const { variables } of matches) for (const variable of variables.values()) variable.dispose();
};
