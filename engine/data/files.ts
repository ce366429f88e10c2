import { readFile } from 'node:fs/promises';
import { gunzip } from 'node:zlib';
import { promisify } from 'node:util';
import { Failed } from '../contract/failure';

const inflate = promisify(gunzip);

const reasons: Record<string, string> = {
  EACCES: 'may not be read by this user',
  EISDIR: 'is a folder, where a file is expected',
  ENOTDIR: 'lies inside something that is no folder',
  ERR_FS_FILE_TOO_LARGE: 'is larger than 2 GiB, which is more than can be read at once',
};

/** Turns a file system error into a failure with a sentence; `what` names the content, e.g. "training images". */
export const fileFailure = (error: unknown, file: string, what: string): Failed => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') {
    return new Failed(
      'dataNotFound',
      `There are no ${what} at ${file}.`,
      'Correct the path in the recipe’s data section; it is relative to the recipe.',
    );
  }
  const reason = reasons[code ?? ''] ?? `could not be read (${code ?? String(error)})`;
  return new Failed('dataInvalid', `${file} ${reason}.`, `Give a readable file or folder with the ${what}.`);
};

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Reads a whole file, inflated where its content is gzip, whatever its name. */
export const readBytes = async (file: string, what: string): Promise<Uint8Array> => {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileFailure(error, file, what);
  });
  if (!isGzip(bytes)) return bytes;
  return inflate(bytes).catch((error: unknown) => {
    const { message } = error as Error;
    throw new Failed(
      'dataInvalid',
      `${file} is a damaged gzip file (${message}).`,
      'Fetch the file again: it is cut short or was changed on the way.',
    );
  });
};
