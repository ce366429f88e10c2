import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Failed } from '../contract/failure';
import { compilePortableBinding, findCompiler, noCompiler, withEmptyLibraries } from './compile';
import { compileOperations } from './compileOperations';
import { headerMembers, takeFromWheel } from './install';
import { hasNativeKernels, instructionSets } from './instructionSets';
import { findPythons } from './interpreters';
import type { Progress } from './progress';
import { noPython, pythonWithPip } from './python';
import { installedRuntimes } from './runtime';

const hasHeaders = (include: string): boolean => existsSync(join(include, 'tensorflow', 'c', 'c_api.h'));

/** TensorFlow's headers: of an installation, of the user's Python, or out of a wheel that is downloaded for them. */
const findHeaders = async (scratch: string, progress: Progress): Promise<string> => {
  const pythons = await findPythons([]);
  const folders = [
    ...installedRuntimes().flatMap(({ folder, record }) => [
      folder,
      resolve(folder, record?.libraries ?? '.'),
    ]),
    ...pythons.flatMap(({ tensorflow }) => (tensorflow ? [tensorflow.folder] : [])),
  ];
  const known = folders.map((folder) => join(folder, 'include')).find(hasHeaders);
  if (known) return known;
  if (pythons.length === 0) throw noPython();
  await takeFromWheel(await pythonWithPip(pythons, undefined), headerMembers, scratch, progress, undefined);
  return join(scratch, 'include');
};

/**
 * Compiles the binding that travels with a package: one for every TensorFlow 2 of this platform. Puts it into `output`
 * whole or not at all.
 *
 * @throws Failed backendMissing (no compiler, no headers to be had, not Linux), backendBroken (does not compile).
 */
export const prebuildBinding = async (output: string, progress: Progress): Promise<void> => {
  if (process.platform !== 'linux')
    throw new Failed(
      'backendMissing',
      'A prebuilt binding is made on Linux only.',
      'The package compiles one where it is installed.',
    );
  const compiler = await findCompiler(undefined);
  if (compiler === null) throw noCompiler();
  const scratch = await mkdtemp(join(tmpdir(), 'retort-prebuild-'));
  const unfinished = `${output}.${process.pid}`;
  try {
    const include = await findHeaders(scratch, progress);
    progress('Compiling the binding for any TensorFlow 2', null);
    await mkdir(dirname(output), { recursive: true });
    const compilation = { compiler, signal: undefined };
    await withEmptyLibraries(compilation, unfinished, async (link) => {
      await compilePortableBinding(compilation, { include, output: unfinished, link });
      progress('Compiling Winograd’s kernels', null);
      const sets = hasNativeKernels() ? instructionSets : [];
      await compileOperations(compilation, sets, { include, output: unfinished, link });
    });
    await rm(output, { recursive: true, force: true });
    await rename(unfinished, output);
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
};
