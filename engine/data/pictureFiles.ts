import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { Failed } from '../contract/failure';
import { fileFailure } from './files';

const junk = /^(\.|__MACOSX$)/;
const mostDepth = 8;

/** Whether a file is a picture that can be decoded, by its name. */
export const isPicture = (name: string): boolean => /\.(png|jpe?g)$/i.test(name);

/**
 * The files of a folder and of the folders within it for which `isWanted` holds, as paths relative to it with `/`,
 * sorted. Hidden ones are passed over. Throws `Failed` (dataNotFound, dataInvalid) where there is no such folder or
 * no such file in it.
 */
export const filesBelow = async (
  folder: string,
  what: string,
  isWanted: (name: string) => boolean,
): Promise<string[]> => {
  const found: string[] = [];
  const visit = async (inner: string, depth: number): Promise<void> => {
    const entries = await readdir(join(folder, inner), { withFileTypes: true }).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'ENOTDIR'
        ? new Failed(
            'dataInvalid',
            `${folder} is a file, where a folder with ${what} is expected.`,
            `Give the folder that holds the ${what}.`,
          )
        : fileFailure(error, folder, what);
    });
    for (const entry of entries.filter(({ name }) => !junk.test(name))) {
      const path = inner === '' ? entry.name : `${inner}/${entry.name}`;
      if (entry.isDirectory()) {
        if (depth < mostDepth) await visit(path, depth + 1);
      } else if (isWanted(entry.name)) found.push(path);
    }
  };
  await visit('', 0);
  if (found.length > 0) return found.sort();
  throw new Failed('dataInvalid', `${folder} holds no ${what}.`, `Give the folder that holds the ${what}.`);
};

/** A path without the ending of its name: what belongs together has the same. */
export const stemOf = (path: string): string => path.slice(0, path.length - extname(path).length);
