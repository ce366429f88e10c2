import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { FrozenRecipe } from '../contract/run';
import type { Dataset, Split } from '../data/dataset';
import { openDataset } from '../data/open';
import type { Network } from '../models/network';
import { readFrozenRecipe } from '../run/folder';
import { restoreVariables } from '../training/stage';
import { openMatches, type Match } from './matches';
import { readNewestWeights, type Group } from './newestWeights';
import { openNetwork } from './openNetwork';

/** A network of a run with the checkpoint that its weights come from. */
export interface ProbedNetwork {
  network: Network;
  /** The checkpoint's folder name; null while its weights are those it was opened with. */
  checkpoint: string | null;
}

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
    const dataset = await openDataset(recipe.data, base, student.info.inputShape, recipe.seed);
    return {
      run,
      frozen,
      student: { network: student, checkpoint: null },
      teacher: teacher && { network: teacher, checkpoint: null },
      matches: await openMatches({ frozen, student, teachers: teacher ? [teacher] : [], dataset }),
      samples: shownSplit(dataset),
      classes: dataset.classes,
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
  const adapters = probed.matches.flatMap((match) => [...match.variables]);
  await load(probed, 'student', probed.student, adapters);
  const isTrained = probed.frozen.recipe.teacher?.[0]?.train !== undefined;
  if (probed.teacher && isTrained) await load(probed, 'teacher', probed.teacher, []);
};

const load = async (
  { run, frozen }: ProbedRun,
  group: Group,
  probed: ProbedNetwork,
  beside: readonly [string, tf.Variable][],
): Promise<void> => {
  const wanted = { run, group, keep: frozen.recipe.keep };
  const found = await readNewestWeights(wanted, probed.checkpoint);
  if (!found) return;
  const { trainable, statistics } = probed.network;
  const own = [...trainable, ...statistics].map(
    ([name, variable]) => [`${group}/${name}`, variable] as const,
  );
  restoreVariables(new Map([...own, ...beside]), found.checkpoint.variables, (name) => {
    throw new Failed(
      'checkpointCorrupt',
      `The checkpoint ${found.name} lacks the variable ${name}.`,
      'Start a new run from the recipe: the model or the losses have changed.',
    );
  });
  probed.checkpoint = found.name;
};

export const disposeProbedRun = ({ student, teacher, matches }: ProbedRun): void => {
  student.network.dispose();
  teacher?.network.dispose();
  for (const { variables } of matches) for (const variable of variables.values()) variable.dispose();
};
