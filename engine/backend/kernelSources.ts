import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instructionSets } from './instructionSets';
import { packagedFile } from './packagedFile';

/** A source of native modules. */
export const nativeSource = (name: string): string =>
  packagedFile(`binding/${name}`, `engine/backend/native/${name}`);

/**
 * What native modules are compiled with besides their instruction set. TensorFlow keeps pointers into a module, and
 * threads of its own wait in it, also when Node lets go of it as the thread that loaded it ends: hence `nodelete`.
 */
export const nativeFlags = ['-O3', '-fvisibility=hidden', '-Wl,-z,nodelete'];

const kernelsFolder = (): string => packagedFile('kernels', 'engine/backend/kernels');

let known: string | null = null;

/**
 * Eight digits that stand for the kernels, what native modules make of them, and how. They are part of a compiled module's
 * name, so that none of other sources is taken for it.
 */
export const kernelsState = (): string => {
  if (known !== null) return known;
  const folder = kernelsFolder();
  const kernels = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  const files = [
    ...kernels.sort().map((name) => join(folder, name)),
    ...['exports.h', 'tasks.h', 'tasks.cc', 'workspace.h', 'heap.cc', 'operations.cc'].map(nativeSource),
  ];
  const hash = createHash('sha256').update(JSON.stringify([nativeFlags, instructionSets]));
  for (const file of files) hash.update(readFileSync(file));
  known = hash.digest('hex').slice(0, 8);
  return known;
};
