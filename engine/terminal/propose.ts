import { access, mkdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve } from 'node:path';
import { acceptLosses } from '../adapters/accept';
import { measureProposal } from '../adapters/proposal';
import { useBackend } from '../backend/choose';
import { Failed } from '../contract/failure';
import type { Proposal } from '../contract/profile';
import { recipeSuffix, type Recipe } from '../contract/recipe';
import { findMethod } from '../methods/registry';
import { parseRecipe } from '../recipe';
import { writeWhole } from '../wholeFile';
import { findData, movedSection, type FoundData } from './proposeData';
import { formatProposal } from './proposalTable';

export interface ProposeOptions {
  backend: Recipe['backend'];
  /** A recipe, or a folder with data. */
  data?: string;
  /** Where the accepted recipe is written. */
  recipe?: string;
  methods?: string[];
  force?: boolean;
}

/** A model reference from another folder: the part before `#` is a path. */
const moved = (reference: string, base: string): string => {
  const [file = '', ...name] = reference.split('#');
  const short = relative(base, resolve(file)).replaceAll('\\', '/');
  return [isAbsolute(short) ? resolve(file) : short, ...name].join('#');
};

const requireFree = async (file: string, force: boolean): Promise<void> => {
  if (!file.endsWith('.json'))
    throw new Failed('recipeInvalid', `${file} is no name for a recipe.`, `End it with ${recipeSuffix}.`);
  if (force) return;
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists)
    throw new Failed('recipeInvalid', `There is a file at ${file}.`, 'Name another file, or add --force.');
};

const nameOf = (file: string): string =>
  basename(file)
    .replace(/(\.distill)?\.json$/, '')
    .replace(/[^\w .-]+/g, '-')
    .slice(0, 80);

/** Methods that a recipe gets where none are named: the labels, the logits, and the first feature method without a warning. */
const defaultMethods = ({ methods }: Proposal): string[] => {
  const offered = methods
    .filter(({ suits, warning }) => suits && warning === null)
    .map(({ method }) => method);
  const first = offered.find((id) => findMethod(id).pairs === 'features');
  return ['task', ...offered.filter((id) => id === 'kd'), ...(first ? [first] : [])];
};

/** The recipe's own settings of a model stay; model code that no recipe knows yet is trained first. */
const teacherSection = ({ teacher }: Proposal, known: unknown, model: string): unknown => {
  const first: unknown = Array.isArray(known) ? known[0] : known;
  if (typeof first === 'object' && first !== null) return { ...first, model };
  return first === undefined && teacher.format === 'code' ? { model, train: { epochs: 10 } } : model;
};

const studentSection = (known: unknown, model: string): unknown =>
  typeof known === 'object' && known !== null ? { ...known, model } : model;

/** Writes the proposal as a recipe: that of `found` with other models and losses, or a new one. */
const writeAccepted = async (
  file: string,
  proposal: Proposal,
  found: FoundData,
  { methods, force = false }: ProposeOptions,
): Promise<string> => {
  const target = resolve(file);
  await requireFree(target, force);
  const base = dirname(target);
  const chosen = (methods ?? defaultMethods(proposal)).map(findMethod);
  const data = await movedSection(found, (path) => moved(path, base));
  const old: Record<string, unknown> = found.recipe ?? {
    training: { epochs: 10, batchSize: 64, learningRate: 0.05 },
    seed: 1,
  };
  const { $schema, ...kept } = old;
  const recipe = {
    ...(base === found.base && $schema !== undefined ? { $schema } : {}),
    ...kept,
    name: nameOf(target),
    teacher: teacherSection(proposal, old.teacher, moved(proposal.teacher.reference, base)),
    student: studentSection(old.student, moved(proposal.student.reference, base)),
    data,
    losses: acceptLosses(chosen, proposal),
  };
  parseRecipe(recipe);
  await mkdir(base, { recursive: true });
  await writeWhole(target, `${JSON.stringify(recipe, null, 2)}\n`);
  return target;
};

/** Opens two models, measures what goes together, and writes the recipe where one is asked for. */
export const propose = async (
  teacher: string,
  student: string,
  options: ProposeOptions,
): Promise<{ value: unknown; text: string }> => {
  if (options.recipe !== undefined && options.data === undefined)
    throw new Failed(
      'recipeInvalid',
      'A recipe needs data, and none was named.',
      'Add --data with a recipe or a folder of samples.',
    );
  if (options.recipe !== undefined) await requireFree(resolve(options.recipe), options.force ?? false);
  await useBackend(options.backend);
  const found = options.data === undefined ? null : await findData(options.data);
  const request = found && { data: found.options, base: found.base, task: found.task };
  const proposal = await measureProposal(resolve(teacher), resolve(student), request);
  if (options.recipe === undefined || !found) return { value: proposal, text: formatProposal(proposal) };
  const recipe = await writeAccepted(options.recipe, proposal, found, options);
  return { value: { ...proposal, recipe }, text: `${formatProposal(proposal)}\n\nRecipe: ${recipe}` };
};
