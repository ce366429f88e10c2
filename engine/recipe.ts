import { readFile } from 'node:fs/promises';
import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { Failed } from './contract/failure';
import { recipeSchema, type Recipe } from './contract/recipe';
import { lossSchema } from './methods/registry';

const schema = recipeSchema(lossSchema);

/** The JSON Schema that editors complete and explain recipes with. */
export const recipeJsonSchema = (): unknown => ({
  title: 'Retort recipe',
  ...z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }),
});

type Issue = z.core.$ZodIssue;
const at = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    '',
  );

/** Every key the schema knows, for suggestions. */
const knownKeys = (node: unknown, found = new Set<string>()): Set<string> => {
  if (node === null || typeof node !== 'object') return found;
  for (const [key, value] of Object.entries(node)) {
    if (key === 'properties' && value) for (const name of Object.keys(value as object)) found.add(name);
    knownKeys(value, found);
  }
  return found;
};

const suggestion = (misspelt: string): string => {
  const near = [...knownKeys(z.toJSONSchema(schema, { io: 'input' }))]
    .map((key) => ({ key, away: distance(misspelt.toLowerCase(), key.toLowerCase()) }))
    .sort((one, other) => one.away - other.away)[0];
  return near && near.away <= Math.max(2, misspelt.length / 3) ? ` Did you mean "${near.key}"?` : '';
};

/** The issue that says most: of a union's branches, the one that came furthest. */
const deepest = (issue: Issue): Issue => {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue;
  const branches = issue.errors.flatMap((branch) =>
    branch.map((one) => deepest({ ...one, path: [...issue.path, ...one.path] })),
  );
  const unknown = branches.find((one) => one.code === 'unrecognized_keys');
  return unknown ?? branches.sort((one, other) => other.path.length - one.path.length)[0] ?? issue;
};

const explain = (issue: Issue): string => {
  const where = at(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    return `The recipe has the unknown key "${where ? `${where}.` : ''}${key}".${suggestion(key)}`;
  }
  return where ? `In the recipe, ${where}: ${issue.message}.` : `The recipe is not valid: ${issue.message}.`;
};

/** Checks a recipe's content and fills in every default. Fails with `recipeInvalid`. */
export const parseRecipe = (content: unknown): Recipe => {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const message = first ? explain(deepest(first)) : 'The recipe is not valid.';
  throw new Failed(
    'recipeInvalid',
    message,
    'Open the recipe in the editor: it marks the place and lists what may stand there.',
  );
};

/** Reads a recipe file. Fails with `recipeInvalid`. */
export const readRecipe = async (file: string): Promise<Recipe> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    throw new Failed(
      'recipeInvalid',
      `There is no recipe at ${file}.`,
      'Check the path; recipes are named *.distill.json.',
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Failed(
      'recipeInvalid',
      `${file} is not JSON: ${why}.`,
      'Open it in the editor: the first error is marked.',
    );
  }
  return parseRecipe(content);
};
