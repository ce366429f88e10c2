import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagedFile } from './packagedFile';

/** A source of native modules. */
export const nativeSource = (name: string): string =>
  packagedFile(`binding/${name}`, `engine/backend/native/${name}`);

const kernelsFolder = (): string => packagedFile('kernels', 'engine/backend/kernels');

let known: string | null = null;

/**
 * Eight digits that stand for the kernels and for what native modules make of them. They are part of a compiled module's
 * name, so that none of other sources is taken for it.
 */
export const kernelsState = (): string => {
  if (known !== null) return known;
  const folder = kernelsFolder();
  const kernels = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  const files = [
    ...kernels.sort().map((name) => join(folder, name)),
    ...['tasks.h', 'tasks.cc', 'operations.cc'].map(nativeSource),
  ];
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  known = hash.digest('hex').slice(0, 8);
  return known;
};
