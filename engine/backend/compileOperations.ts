import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Compilation } from './compile';
import { compileForSet } from './compileForSet';
import type { InstructionSet } from './instructionSets';
import { operationsFile } from './operations';

/** TensorFlow's interface for kernels from outside. */
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
  for (const set of sets)
    await compileForSet(compilation, set, {
      sources: ['operations.cc', 'tasks.cc'],
      more: [`-I${include}`, ...link],
      file: join(output, operationsFile(set)),
      title: 'Winograd’s kernels',
    });
};
