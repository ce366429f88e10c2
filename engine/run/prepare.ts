import { resolve } from 'node:path';
import { resolvePairs } from '../adapters/resolvePairs';
import { useBackend } from '../backend/choose';
import { Failed } from '../contract/failure';
import {
  trainingSchema,
  type LossOptions,
  type Task,
  type Training,
  type TrainingChanges,
} from '../contract/recipe';
import type { BackendChoice, FrozenRecipe } from '../contract/run';
import type { Dataset } from '../data/dataset';
import { openDataset } from '../data/open';
import type { OnDecoded } from '../data/pictures';
import type { Method, MethodStage, Prepared, Setup } from '../methods/method';
import { findMethod } from '../methods/registry';
import type { Network } from '../models/network';
import { openStarted } from '../models/startWeights';
import { Random } from '../random';
import { scanSplit } from '../training/scan';
import { stepsPerEpoch, type Stage } from '../training/stage';
import type { Term } from '../training/step';
import type { TaskMeasures } from '../measures/measures';
import { taskMeasures } from '../measures/taskMeasures';
import {
  requireExportable,
  requireInput,
  requireMeasurable,
  requireOutput,
  requireSuitable,
  requireTrainable,
} from './checks';
import { requireCombinable } from './combinations';

/** A run whose models and data are open and whose losses are made; nothing is trained yet. */
export interface PreparedRun {
  frozen: FrozenRecipe;
  backend: BackendChoice;
  dataset: Dataset;
  measures: TaskMeasures;
  student: Network;
  teachers: readonly Network[];
  stages: readonly Stage[];
  dispose(): void;
}

interface ModelOptions {
  model: string;
  weights?: string | undefined;
  input?: Setup['student']['input'] | undefined;
}

const open = ({ recipe, base }: FrozenRecipe, options: ModelOptions, seed: string): Promise<Network> =>
  openStarted(resolve(base, options.model), {
    input: options.input ?? recipe.data.input ?? {},
    seed,
    weights: options.weights === undefined ? null : resolve(base, options.weights),
  });

/** Peers start from weights of their own, so that they differ. */
const openPeer = (frozen: FrozenRecipe, seed: string): Promise<Network> =>
  open(frozen, { ...frozen.recipe.student, weights: undefined }, seed);

/** Labels of the losses, unique: a method used twice gets a number. */
export const labelsOf = (losses: readonly LossOptions[]): string[] =>
  losses.map(({ method }, index) => {
    const before = losses.slice(0, index).filter((other) => other.method === method).length;
    return before === 0 ? method : `${method}-${before + 1}`;
  });

export interface Opened {
  frozen: FrozenRecipe;
  dataset: Dataset;
  student: Network;
  teachers: readonly Network[];
}

const makeSetup = (opened: Opened, method: Method, options: LossOptions, label: string): Setup => {
  const { frozen, dataset, student, teachers } = opened;
  const { recipe } = frozen;
  const [teacher] = teachers;
  if (method.needsTeacher && !teacher)
    throw new Failed(
      'recipeInvalid',
      `The method ${method.id} needs a teacher, and the recipe names none.`,
      'Add "teacher" to the recipe, or leave this loss out.',
    );
  return {
    task: recipe.task,
    classes: dataset.classes.length,
    samples: dataset.train.count,
    labels: dataset.train.labels,
    ...(dataset.train.targets ? { targets: dataset.train.targets } : {}),
    batchSize: Math.min(recipe.training.batchSize, dataset.train.count),
    epochs: recipe.training.epochs,
    stepsPerEpoch: stepsPerEpoch(dataset, recipe.training.batchSize),
    student,
    teachers,
    pairs: teacher ? resolvePairs(options.pairs, teacher.info, student.info, method) : [],
    scan: (count, visit) => scanSplit(dataset.train, recipe.training.batchSize, count, visit),
    openPeer: (name) => openPeer(frozen, `${recipe.seed}/${label}/${name}`),
    random: (name) => new Random(`${recipe.seed}/${label}/${name}`),
  };
};

/** One loss made ready; what it draws at random depends on its label alone, so it starts the same in every opening. */
export const prepareTerm = async (
  opened: Opened,
  options: LossOptions,
  index: number,
  label: string,
): Promise<Term> => {
  const method = findMethod(options.method);
  requireSuitable(method, opened.frozen.recipe.task);
  const prepared: Prepared = await method.prepare(makeSetup(opened, method, options, label), options);
  return {
    label,
    group: `${index}-${options.method}`,
    weight: (options.weight ?? prepared.weight ?? method.defaultWeight) * (prepared.weightScale ?? 1),
    prepared,
  };
};

/** The plain task loss, for teachers and the control. */
const taskTerm = async (opened: Opened, network: Network): Promise<Term> => {
  const method = findMethod('task');
  const alone = { ...opened, student: network, teachers: [] };
  const options = { method: 'task' };
  return {
    label: 'task',
    group: '0-task',
    weight: 1,
    prepared: await method.prepare(makeSetup(alone, method, options, 'task'), options),
  };
};

const merged = (training: Training, changes: TrainingChanges | undefined): Training =>
  trainingSchema.parse({
    ...training,
    ...Object.fromEntries(Object.entries(changes ?? {}).filter(([, value]) => value !== undefined)),
  });

const teacherStages = async (opened: Opened): Promise<Stage[]> => {
  const stages: Stage[] = [];
  for (const [which, options] of (opened.frozen.recipe.teacher ?? []).entries()) {
    const network = opened.teachers[which];
    if (!network || !options.train) continue;
    requireTrainable(network, 'teacher');
    const name = which === 0 ? 'teacher' : `teacher-${which + 1}`;
    const training = merged(opened.frozen.recipe.training, options.train);
    stages.push({
      name,
      training,
      stepsPerEpoch: stepsPerEpoch(opened.dataset, training.batchSize),
      stream: name,
      group: name,
      network,
      teachers: [],
      terms: [await taskTerm(opened, network)],
    });
  }
  return stages;
};

/** A method's own stage neither remembers nor trains critics, and does not prepare the student's epochs. */
const silent = { remember: () => undefined, opponents: [], beforeEpoch: () => Promise.resolve() };

const aloneIn = (only: MethodStage, { draw, view, ...prepared }: Prepared): Prepared => {
  const inputs = only.own ?? { ...(draw ? { draw } : {}), ...(view ? { view } : {}) };
  return { ...prepared, ...silent, ...inputs, losses: only.losses };
};

const studentStages = async (opened: Opened): Promise<Stage[]> => {
  const { frozen, dataset, student, teachers } = opened;
  const { recipe } = frozen;
  const labels = labelsOf(recipe.losses);
  const terms: Term[] = [];
  for (const [index, options] of recipe.losses.entries())
    terms.push(await prepareTerm(opened, options, index, labels[index] ?? options.method));
  if (terms.every((term) => term.weight === 0))
    throw new Failed(
      'recipeInvalid',
      'Every loss has the weight 0, so nothing would be learnt.',
      'Give at least one loss a weight.',
    );
  requireCombinable(terms);
  const shared = { network: student, teachers, terms, group: 'student' };
  const main: Stage = {
    ...shared,
    name: 'student',
    stream: 'student',
    training: recipe.training,
    stepsPerEpoch: stepsPerEpoch(dataset, recipe.training.batchSize),
  };
  const before = terms.flatMap((term) =>
    (term.prepared.stages ?? []).map((only): Stage => {
      const training = merged(recipe.training, only.training);
      const name = `${term.label}-${only.name}`;
      return {
        ...shared,
        terms: [{ ...term, weight: 1, prepared: aloneIn(only, term.prepared) }],
        name,
        stream: name,
        training,
        stepsPerEpoch: stepsPerEpoch(dataset, training.batchSize),
        only,
      };
    }),
  );
  return [...before, main];
};

const controlStage = async (opened: Opened): Promise<Stage[]> => {
  const { frozen, dataset } = opened;
  const { recipe } = frozen;
  if (!recipe.control) return [];
  const network = await open(frozen, recipe.student, `${recipe.seed}/student`);
  return [
    {
      name: 'control',
      training: recipe.training,
      stepsPerEpoch: stepsPerEpoch(dataset, recipe.training.batchSize),
      stream: 'student',
      group: 'control',
      network,
      teachers: [],
      terms: [await taskTerm(opened, network)],
    },
  ];
};

const openTeachers = async (frozen: FrozenRecipe): Promise<Network[]> => {
  const teachers: Network[] = [];
  for (const [which, options] of (frozen.recipe.teacher ?? []).entries())
    teachers.push(await open(frozen, options, `${frozen.recipe.seed}/teacher/${which}`));
  return teachers;
};

const hashesOf = async (opened: Opened): Promise<Record<string, string>> => ({
  data: opened.dataset.hash,
  student: await opened.student.hash(),
  ...Object.fromEntries(
    await Promise.all(
      opened.teachers.map(async (teacher, which) => [
        which === 0 ? 'teacher' : `teacher-${which + 1}`,
        await teacher.hash(),
      ]),
    ),
  ),
});

const columnsOf = ({ inputs, outputs }: Dataset): Pick<FrozenRecipe, 'inputs' | 'outputs'> => ({
  ...(inputs ? { inputs } : {}),
  ...(outputs ? { outputs } : {}),
});

const requireFit = (task: Task, dataset: Dataset, student: Network, teachers: readonly Network[]): void => {
  const roles = [[student, 'student'], ...teachers.map((teacher) => [teacher, 'teacher'])] as [
    Network,
    string,
  ][];
  for (const [network, role] of roles) {
    requireInput(network, dataset.train.shape, role);
    requireOutput(task, network, dataset, role);
  }
};

/** Opens and checks all that a run needs. Fails before anything is trained or written. */
export const prepareRun = async (frozen: FrozenRecipe, onDecoded?: OnDecoded): Promise<PreparedRun> => {
  const { recipe, base } = frozen;
  const backend = await useBackend(recipe.backend);
  const teachers = await openTeachers(frozen);
  const student = await open(frozen, recipe.student, `${recipe.seed}/student`);
  requireTrainable(student, 'student');
  requireExportable(student);
  const { inputShape } = student.info;
  const dataset = await openDataset(recipe.data, base, inputShape, recipe.seed, recipe.task, onDecoded);
  requireMeasurable(dataset);
  requireFit(recipe.task, dataset, student, teachers);
  const opened = { frozen, dataset, student, teachers };
  const stages = [
    ...(await teacherStages(opened)),
    ...(await studentStages(opened)),
    ...(await controlStage(opened)),
  ];
  const peers = stages.flatMap(({ terms }) =>
    terms.flatMap(({ prepared }) => [...(prepared.networks?.values() ?? [])]),
  );
  const networks = new Set([student, ...teachers, ...peers, ...stages.map((stage) => stage.network)]);
  return {
    frozen: { ...frozen, ...columnsOf(dataset), hashes: await hashesOf(opened) },
    backend,
    dataset,
    measures: taskMeasures[recipe.task],
    student,
    teachers,
    stages,
    dispose: () => networks.forEach((network) => network.dispose()),
  };
};
