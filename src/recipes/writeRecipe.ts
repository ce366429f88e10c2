import { readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { freeFileName, recipeText, type Draft } from './recipeDraft';

/** Writes the recipe beside the student's code; never over another file. */
export const writeRecipe = async (draft: Draft): Promise<vscode.Uri> => {
  const folder = dirname(draft.student.code ?? draft.student.file);
  const file = join(folder, freeFileName(draft.name, new Set(await readdir(folder))));
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, recipeText(draft, file), { flag: 'wx' });
  await rename(temporary, file);
  return vscode.Uri.file(file);
};
