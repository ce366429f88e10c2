import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { dataSchema, type DataOptions } from '../contract/data';
import { Failed } from '../contract/failure';
import { recipeSuffix, type Task } from '../contract/recipe';
import { readRecipe } from '../recipe';

/** Where a command's samples come from. */
export interface FoundData {
  /** As it may stand in a recipe below `base`. */
  section: Record<string, unknown>;
  options: DataOptions;
  /** Folder that the section's paths start from. */
  base: string;
  /** Of the recipe; without one, what such data is mostly for. */
  task?: Task;
  /** The recipe that it was read from, as written. */
  recipe: Record<string, unknown> | null;
}

const bytes = { input: { divide: 255 } };
const idx = { images: /images.*idx\d-ubyte(\.gz)?$/i, labels: /labels.*idx\d-ubyte(\.gz)?$/i };
const isTest = (name: string): boolean => /t10k|test/i.test(name);

const idxSection = (names: readonly string[]): Record<string, unknown> | null => {
  const find = (kind: 'images' | 'labels', test: boolean) =>
    names.find((name) => idx[kind].test(name) && isTest(name) === test);
  const [images, labels] = [find('images', false), find('labels', false)];
  if (images === undefined || labels === undefined) return null;
  const [testImages, testLabels] = [find('images', true), find('labels', true)];
  const test = testImages !== undefined && testLabels !== undefined ? { testImages, testLabels } : {};
  return { kind: 'idx', images, labels, ...test, ...bytes };
};

const fromFolder = async (folder: string): Promise<FoundData> => {
  const section = idxSection(await readdir(folder)) ?? { kind: 'folders', path: '.', ...bytes };
  return { section, options: dataSchema.parse(section), base: folder, recipe: null };
};

const fromRecipe = async (file: string): Promise<FoundData> => {
  const { data, task } = await readRecipe(file);
  const recipe = JSON.parse((await readFile(file, 'utf8')).replace(/^\uFEFF/, '')) as Record<string, unknown>;
  return {
    section: recipe.data as Record<string, unknown>,
    options: data,
    base: dirname(file),
    task,
    recipe,
  };
};

/**
 * The data section of a recipe, or that of a folder: its IDX files, or one folder of pictures a class, bytes divided
 * by 255. Throws `Failed` (dataNotFound, recipeInvalid).
 */
export const findData = async (path: string): Promise<FoundData> => {
  const absolute = resolve(path);
  const found = await stat(absolute).catch(() => null);
  if (found?.isDirectory()) return fromFolder(absolute);
  if (found && absolute.endsWith('.json')) return fromRecipe(absolute);
  throw new Failed(
    'dataNotFound',
    found ? `${absolute} is neither a folder nor a recipe.` : `There is nothing at ${absolute}.`,
    `Give a recipe (*${recipeSuffix}), a folder with IDX files, or one with a folder of pictures per class.`,
  );
};

/** The same section for a recipe in another folder: values that name something on disk become paths from there. */
export const movedSection = async (
  { section, base }: FoundData,
  rename: (path: string) => string,
): Promise<Record<string, unknown>> => {
  const moved = await Promise.all(
    Object.entries(section).map(async ([key, value]): Promise<[string, unknown]> => {
      if (key === 'kind' || typeof value !== 'string') return [key, value];
      const [path = '', ...member] = value.split('#');
      const there = join(resolve(base, path), '.');
      if (!(await stat(there).catch(() => null))) return [key, value];
      return [key, [rename(there), ...member].join('#')];
    }),
  );
  return Object.fromEntries(moved);
};
