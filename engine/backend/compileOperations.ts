import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { compileModule, type Compilation } from './compile';
import type { InstructionSet } from './instructionSets';
import { operationsFile } from './operations';
import { nativeFlags, nativeSource } from './kernelSources';

/** A header that TensorFlow's kernel interface needs; in TensorFlow's headers that were installed long ago it is missing. */
const neededHeader = 'tensorflow/c/kernels.h';

/** Whether the operations can be compiled with the headers in this folder. */
export const canCompileOperations = (include: string): boolean => existsSync(join(include, neededHeader));

/**
 * Compiles Winograd's operations for TensorFlow into `output`, a module for each instruction set; whole or not at all.
 * `link` says how the compiler gets at TensorFlow's libraries.
 */
export const compileOperations = async (
  compilation: Compilation,
  sets: readonly InstructionSet[],
  { include, output, link }: { include: string; output: string; link: readonly string[] },
): Promise<void> => {
  for (const set of sets) {
    const file = join(output, operationsFile(set));
    const unfinished = `${file}.${process.pid}`;
    try {
      await compileModule(compilation, [
        ...[...nativeFlags, ...set.flags, `-I${include}`],
        ...[nativeSource('operations.cc'), nativeSource('tasks.cc')],
        ...[...link, '-o', unfinished],
      ]);
      await rename(unfinished, file);
    } finally {
      await rm(unfinished, { force: true });
    }
  }
};
