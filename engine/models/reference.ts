import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Failed } from '../contract/failure';

/** What a model reference names: a file, and for model code which of its exports. */
export interface ModelReference {
  file: string;
  exportName: string | null;
}

const codeEndings = new Set(['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs']);

export const isCodeFile = (file: string): boolean => codeEndings.has(extname(file).toLowerCase());

const kindOf = async (path: string): Promise<'file' | 'folder' | null> => {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return 'folder';
  return found?.isFile() ? 'file' : null;
};

/** Of a folder, its model.json, or the only JSON file in it. */
const inFolder = async (folder: string): Promise<string> => {
  const file = join(folder, 'model.json');
  if ((await kindOf(file)) === 'file') return file;
  if ((await kindOf(join(folder, 'saved_model.pb'))) === 'file') return join(folder, 'saved_model.pb');
  const jsons = (await readdir(folder)).filter((name) => name.toLowerCase().endsWith('.json'));
  if (jsons.length === 1) return join(folder, String(jsons[0]));
  throw new Failed(
    'modelNotFound',
    `${folder} is a folder without a model.json.`,
    'Name the model file itself.',
  );
};

/** Splits `file#export`; a path that itself holds `#` and exists is taken whole. Throws `modelNotFound`. */
export const resolveReference = async (reference: string): Promise<ModelReference> => {
  const mark = reference.lastIndexOf('#');
  const candidates: ModelReference[] = [{ file: reference, exportName: null }];
  if (mark > 0) candidates.push({ file: reference.slice(0, mark), exportName: reference.slice(mark + 1) });
  for (const { file, exportName } of candidates) {
    const kind = await kindOf(file);
    if (kind === 'folder') return { file: await inFolder(file), exportName };
    if (kind === 'file') return { file, exportName: exportName || null };
  }
  throw new Failed(
    'modelNotFound',
    `There is no model at ${candidates.at(-1)?.file}.`,
    'Check the path; in a recipe it is relative to the recipe’s folder.',
  );
};
