import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { cacheFolder } from './cacheFolder';
import { findCompiler, portable } from './compile';
import { compileForSet } from './compileForSet';
import { hasNativeKernels, instructionSets, type InstructionSet } from './instructionSets';
import { kernelsState } from './kernelSources';
import { prebuiltPlace } from './packagedFile';

/** The compiled kernels for an instruction set; the name tells the state of their sources. */
export const kernelsFile = ({ name }: InstructionSet): string => `kernels-${kernelsState()}-${name}.node`;

const compiledFolder = (): string => join(cacheFolder(), 'kernels');

/** Where the kernels for an instruction set lie: in this package, or compiled on this machine; null where in neither. */
export const findNativeKernels = (set: InstructionSet): string | null => {
  const [name, prebuilt] = [kernelsFile(set), prebuiltPlace()];
  const packaged = prebuilt === null ? null : join(prebuilt, name);
  return [packaged, join(compiledFolder(), name)].find((file) => file !== null && existsSync(file)) ?? null;
};

const compileKernels = async (compiler: string, set: InstructionSet): Promise<string> => {
  const file = join(compiledFolder(), kernelsFile(set));
  if (!existsSync(file))
    await compileForSet({ compiler, signal: undefined }, set, {
      sources: ['heap.cc', 'tasks.cc'],
      more: portable(),
      file,
      title: 'The native kernels',
    });
  return file;
};

/**
 * Compiles the kernels of the wasm backend for every instruction set, into the cache folder; those that are there already
 * stay. Returns their files.
 *
 * @throws Failed backendMissing (not Linux on x86-64, no compiler), backendBroken (does not compile).
 */
export const compileNativeKernels = async (): Promise<string[]> => {
  if (!hasNativeKernels())
    throw new Failed(
      'backendMissing',
      'Native kernels are for Linux on x86-64 only.',
      'WebAssembly computes with its own kernels here.',
    );
  const compiler = await findCompiler(undefined);
  if (compiler === null)
    throw new Failed(
      'backendMissing',
      'The native kernels need a C++ compiler and none was found.',
      'On Debian and Ubuntu: `apt install g++`. Then run `retort backends --kernels`.',
    );
  await mkdir(compiledFolder(), { recursive: true });
  return Promise.all(instructionSets.map((set) => compileKernels(compiler, set)));
};
