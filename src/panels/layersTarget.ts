import { basename, dirname, join, resolve } from 'node:path';
import type { LossDraft } from '../../engine/contract/pages';
import type { DataInput } from '../../engine/contract/data';
import type { Recipe, Task } from '../../engine/contract/recipe';
import type { DataSource } from '../recipes/dataChoice';
import { type ModelChoice, recipeSuffix, referenceOf } from '../recipes/recipeDraft';

/** What the Layers page shows: a recipe's networks, or networks that were chosen. Kept across reloads. */
export type LayersTarget = { recipe: string } | ChosenNetworks;

export interface ChosenNetworks {
  student: ModelChoice;
  teacher: ModelChoice | null;
  data: DataSource | null;
}

/** What is opened for a target: absolute references. */
export interface LayersSources {
  key: string;
  /** Absolute path of the recipe; null where one is to be written. */
  recipe: string | null;
  name: string;
  teacher: string | null;
  student: string;
  losses: LossDraft[] | null;
  probe: { data: DataInput; base: string; task?: Task } | null;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isModel = (value: unknown): value is ModelChoice =>
  isRecord(value) && typeof value['file'] === 'string' && typeof value['label'] === 'string';

/** What was remembered may be of another version. */
export const isLayersTarget = (value: unknown): value is LayersTarget =>
  isRecord(value) && (typeof value['recipe'] === 'string' || isModel(value['student']));

/** `file#export` with its path made absolute. */
export const absoluteReference = (reference: string, base: string): string => {
  const hash = reference.lastIndexOf('#');
  return hash < 0
    ? resolve(base, reference)
    : `${resolve(base, reference.slice(0, hash))}${reference.slice(hash)}`;
};

export const chosenSources = ({ student, teacher, data }: ChosenNetworks): LayersSources => {
  const [own, other] = [referenceOf(student), teacher && referenceOf(teacher)];
  return {
    key: `${other ?? ''} → ${own}`,
    recipe: null,
    name: student.label,
    teacher: other,
    student: own,
    losses: null,
    probe: data && { data: data as DataInput, base: dirname(student.file) },
  };
};

/** Of several teachers, the first is compared. */
export const recipeSources = (file: string, recipe: Recipe): LayersSources => {
  const base = dirname(file);
  const teacher = recipe.teacher?.[0]?.model;
  return {
    key: file,
    recipe: file,
    name: recipe.name ?? basename(file).replace(recipeSuffix, ''),
    teacher: teacher === undefined ? null : absoluteReference(teacher, base),
    student: absoluteReference(recipe.student.model, base),
    losses: recipe.losses.map(({ method, weight, pairs }, index) => ({
      method,
      weight: weight ?? null,
      pairs: pairs ?? null,
      index,
    })),
    probe: { data: recipe.data, base, task: recipe.task },
  };
};

/** What the layers are compared on, in a word or two: the folder's or the file's name. */
export const dataWords = ({ probe }: LayersSources): string | null => {
  if (!probe) return null;
  const { data, base } = probe;
  const named = Object.entries(data).find(([key, value]) => dataKeys.has(key) && typeof value === 'string');
  return named ? shortPath(resolve(base, String(named[1]))) : data.kind;
};

const dataKeys = new Set(['path', 'images', 'file']);

const shortPath = (path: string): string =>
  join(basename(dirname(path)), basename(path)).replaceAll('\\', '/');
