import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstalledTensorflow } from '../contract/backend';
import { Failed } from '../contract/failure';
import { searchPathFor, type BindingSources, type BindingTarget } from './binding';
import { linkFlags, noCompiler } from './compile';
import { canCompileOperations, compileOperations } from './compileOperations';
import { supportedSets, type InstructionSet } from './instructionSets';
import { operationsFile } from './operations';
import type { Progress } from './progress';
import { loadable } from './runtime';
import { selfTest } from './selfTest';

/** Whether the folder of a binding lacks Winograd's operations, which this machine could use. */
export const lacksOperations = (folder: string): boolean => {
  const sets = supportedSets();
  return sets.length > 0 && !sets.some((set) => existsSync(join(folder, operationsFile(set))));
};

/** Copies the prebuilt module or compiles one. Throws where neither can be. */
const put = async (
  set: InstructionSet,
  { compiler, prebuilt }: BindingSources,
  { libraries, recorded, include, folder }: BindingTarget,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const name = operationsFile(set);
  if (prebuilt !== null && existsSync(join(prebuilt, name))) {
    return copyFile(join(prebuilt, name), join(folder, name));
  }
  if (compiler === null) throw noCompiler();
  if (!canCompileOperations(include)) throw new Error('TensorFlow’s headers are missing');
  const link = linkFlags({ libraries, searchPath: searchPathFor(recorded) });
  await compileOperations({ compiler, signal }, [set], { include, output: folder, link });
};

/**
 * Puts Winograd's operations for this machine's widest instructions beside a binding: prebuilt, else compiled. They stay
 * if they compute in a process of their own. Without them TensorFlow still computes, so what stands in their way is told
 * and that is all.
 */
export const putOperations = async (
  sources: BindingSources,
  target: BindingTarget,
  binding: InstalledTensorflow['binding'],
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const [set] = supportedSets();
  if (!set) return;
  const file = join(target.folder, operationsFile(set));
  progress('Adding Winograd’s kernels', 0.98);
  try {
    await put(set, sources, target, signal);
    await selfTest(loadable(target.folder, { binding, libraries: target.recorded }), signal, file);
  } catch (error) {
    await rm(file, { force: true });
    if (error instanceof Failed && error.code === 'stopped') throw error;
    progress(`TensorFlow goes without Winograd’s kernels: ${(error as Error).message}`, null);
  }
};
