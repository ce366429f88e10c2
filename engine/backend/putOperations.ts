import { existsSync } from 'node:fs';
import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { searchPathFor, type BindingSources, type BindingTarget } from './binding';
import { linkFlags } from './compile';
import { canCompileOperations, compileOperations } from './compileOperations';
import { supportedSets } from './instructionSets';
import { operationsFile } from './operations';
import type { Progress } from './progress';

/** Those of this machine's widest instruction set. */
const copyOperations = async (prebuilt: string, folder: string): Promise<boolean> => {
  const [set] = supportedSets();
  if (!set || !existsSync(join(prebuilt, operationsFile(set)))) return false;
  await copyFile(join(prebuilt, operationsFile(set)), join(folder, operationsFile(set)));
  return true;
};

/** Those of other sources, which nobody takes any more. */
const removeOthers = async (folder: string): Promise<void> => {
  const current = supportedSets().map(operationsFile);
  for (const name of await readdir(folder))
    if (name.startsWith('operations-') && !current.includes(name)) await rm(join(folder, name));
};

/** Whether the folder of a binding lacks Winograd's operations, which this machine could use. */
export const lacksOperations = (folder: string): boolean => {
  const sets = supportedSets();
  return sets.length > 0 && !sets.some((set) => existsSync(join(folder, operationsFile(set))));
};

/**
 * Puts Winograd's operations beside a binding: the prebuilt ones, else compiled. Without them TensorFlow still computes,
 * so what stands in their way is told and that is all.
 */
export const putOperations = async (
  { compiler, prebuilt }: BindingSources,
  { libraries, recorded, include, folder }: BindingTarget,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> => {
  await removeOthers(folder);
  if (prebuilt !== null && (await copyOperations(prebuilt, folder))) return;
  if (compiler === null || !canCompileOperations(include)) return;
  progress('Compiling Winograd’s kernels', 0.98);
  const link = linkFlags({ libraries, searchPath: searchPathFor(recorded) });
  try {
    await compileOperations({ compiler, signal }, supportedSets().slice(0, 1), {
      include,
      output: folder,
      link,
    });
  } catch (error) {
    if (error instanceof Failed && error.code === 'stopped') throw error;
    progress(`TensorFlow goes without Winograd’s kernels: ${(error as Error).message}`, null);
  }
};
