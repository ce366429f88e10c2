import { rename, rm } from 'node:fs/promises';
import { compileModule, type Compilation } from './compile';
import type { InstructionSet } from './instructionSets';
import { nativeFlags, nativeSource } from './kernelSources';

export interface NativeModule {
  /** Names of files in `native`. */
  sources: readonly string[];
  /** What the compiler is told besides. */
  more: readonly string[];
  /** Gets the module, whole or not at all. */
  file: string;
  /** As a failure calls it. */
  title: string;
}

/** Compiles a module of the kernels for an instruction set. Throws as {@link compileModule}. */
export const compileForSet = async (
  compilation: Compilation,
  set: InstructionSet,
  { sources, more, file, title }: NativeModule,
): Promise<void> => {
  const unfinished = `${file}.${process.pid}`;
  const args = [...nativeFlags, ...set.flags, ...sources.map(nativeSource), ...more, '-o', unfinished];
  try {
    await compileModule(compilation, args, title);
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
};
