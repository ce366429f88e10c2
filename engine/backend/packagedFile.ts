import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failed } from '../contract/failure';

/** The first of these paths that is in this package: beside the built file, or in a folder above the source. */
export const findPackagedFile = (...candidates: string[]): string | null => {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    for (const candidate of candidates) {
      if (existsSync(join(folder, candidate))) return join(folder, candidate);
    }
    if (folder === dirname(folder)) return null;
  }
};

/**
 * {@link findPackagedFile} for what every package holds.
 *
 * @throws Failed backendBroken where none is there.
 */
export const packagedFile = (...candidates: string[]): string => {
  const found = findPackagedFile(...candidates);
  if (found) return found;
  throw new Failed(
    'backendBroken',
    `Retort’s own files are incomplete: ${candidates[0]} is missing.`,
    'Install Retort again.',
  );
};

/** The folder of what this package carries compiled for this platform; null where it carries none. */
export const prebuiltPlace = (): string | null => {
  const place = `prebuilt/${process.platform}-${process.arch}`;
  return process.env.RETORT_PREBUILT ?? findPackagedFile(place, `dist/${place}`);
};
