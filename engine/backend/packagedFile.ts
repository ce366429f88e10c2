import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failed } from '../contract/failure';

/**
 * The first of these paths that is in this package: beside the built file, or in a folder above the source.
 *
 * @throws Failed backendBroken where none is.
 */
export const packagedFile = (...candidates: string[]): string => {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    for (const candidate of candidates) {
      if (existsSync(join(folder, candidate))) return join(folder, candidate);
    }
    if (folder === dirname(folder)) break;
  }
  throw new Failed(
    'backendBroken',
    `Retort’s own files are incomplete: ${candidates[0]} is missing.`,
    'Install Retort again.',
  );
};
