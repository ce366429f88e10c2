import { dirname, isAbsolute, relative } from 'node:path';
import type { MethodInfo } from '../../engine/contract/model';
import type { Pair, Recipe } from '../../engine/contract/recipe';
import type { DataSource } from './dataChoice';

/** A model as the guided pick found it. */
export interface ModelChoice {
  /** Absolute. */
  file: string;
  /** Null for a model file. */
  exportName: string | null;
  label: string;
  /** The Python code that the file was saved from. */
  code?: string;
}

/** What the guided pick asked for. */
export interface Draft {
  name: string;
  /** Without it, what is learnt from data of this kind. */
  task?: Recipe['task'];
  student: ModelChoice;
  /** Null where no chosen method needs one. */
  teacher: (ModelChoice & { isTrainedFirst: boolean }) | null;
  data: DataSource;
  /** Without a weight, the method's published one. */
  losses: { method: MethodInfo; pairs: Pair[] | null; weight?: number | null }[];
  backend: Recipe['backend'];
}

export const recipeSuffix = '.distill.json';

/** `file#export`, as the engine names models. */
export const referenceOf = ({ file, exportName }: ModelChoice): string =>
  exportName === null ? file : `${file}#${exportName}`;

const relativePath = (base: string, path: string): string => {
  const short = relative(base, path).replaceAll('\\', '/');
  return isAbsolute(short) ? path : short;
};

/** Keys of the data section that name no file: what it is, and columns of a table. */
const isPath = (key: string): boolean => !['kind', 'target', 'image'].includes(key);

const withPaths = (base: string, source: DataSource): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(source).map(([key, value]) => [
      key,
      isPath(key) && typeof value === 'string' ? relativePath(base, value) : value,
    ]),
  );

const taskOfKind: Record<DataSource['kind'], Recipe['task']> = {
  idx: 'classification',
  folders: 'classification',
  arrays: 'classification',
  masks: 'segmentation',
  csv: 'regression',
  voc: 'detection',
  coco: 'detection',
};

const lossOf = ({ method, pairs, weight }: Draft['losses'][number]): Record<string, unknown> => ({
  method: method.id,
  weight: weight ?? method.defaultWeight,
  ...(pairs ? { pairs } : {}),
});

/** The text of the recipe file at `file` (absolute): what was asked for, and the settings most often changed. */
export const recipeText = (draft: Draft, file: string): string => {
  const base = dirname(file);
  const model = (choice: ModelChoice): string => relativePath(base, referenceOf(choice));
  const { teacher, task = taskOfKind[draft.data.kind] } = draft;
  const teacherSection = teacher && {
    teacher: teacher.isTrainedFirst
      ? { model: model(teacher), train: { epochs: 10 } }
      : relativePath(base, referenceOf(teacher)),
  };
  const recipe = {
    name: draft.name,
    ...(task === 'classification' ? {} : { task }),
    ...teacherSection,
    student: model(draft.student),
    data: withPaths(base, draft.data),
    losses: draft.losses.map(lossOf),
    training: { epochs: 10, batchSize: 64, learningRate: 0.05 },
    seed: 1,
    control: true,
    ...(draft.backend === 'auto' ? {} : { backend: draft.backend }),
  };
  return `${JSON.stringify(recipe, null, 2)}\n`;
};

/** What a recipe may be called: letters, digits, spaces, dots and hyphens, at most 80. */
export const nameProblem = (name: string): string | null =>
  /^[\w .-]{1,80}$/.test(name.trim()) ? null : 'Use 1 to 80 letters, digits, spaces, dots or hyphens.';

export const defaultName = (student: ModelChoice): string => {
  const stem = student.label.replace(/[^\w .-]+/g, '-').replace(/^[-. ]+|[-. ]+$/g, '');
  return stem.slice(0, 80) || 'student';
};

/** The first of `name.distill.json`, `name-2.distill.json`, … that is not taken. */
export const freeFileName = (name: string, taken: ReadonlySet<string>): string => {
  const stem = name.trim().replaceAll(' ', '-');
  for (let number = 1; ; number++) {
    const file = `${stem}${number === 1 ? '' : `-${number}`}${recipeSuffix}`;
    if (!taken.has(file)) return file;
  }
};
