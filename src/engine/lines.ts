import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';

/** Hands on what a process prints, line by line. */
export const onLines = (stream: Readable | null, hand: (line: string) => void): void => {
  if (!stream) return;
  createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
    if (line.trim()) hand(line);
  });
};
