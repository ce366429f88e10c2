import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Failed } from './contract/failure';

/** A name beside `path` that nothing else uses; what bears it is not finished. */
export const temporaryName = (path: string): string => `${path}.${randomBytes(4).toString('hex')}.tmp`;

/** Turns "no space left" into a failure a person can act on; hands every other error on. */
export const explainDiskError = (error: unknown, path: string): unknown => {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Failed(
      'diskFull',
      `The disk that holds ${dirname(path)} is full.`,
      'Free some space, then resume the run.',
      { cause: error },
    );
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new Failed(
      'internal',
      `${dirname(path)} cannot be written to.`,
      'Check its permissions, or name another folder with --runs.',
      { cause: error },
    );
  return error;
};

/** Writes a whole file: temporary name, flushed to disk, then renamed. A crash leaves the old file. */
export const writeWhole = async (path: string, content: string | Uint8Array): Promise<void> => {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainDiskError(error, path);
  }
};
