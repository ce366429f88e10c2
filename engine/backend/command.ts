import { spawn } from 'node:child_process';
import { Failed } from '../contract/failure';

export interface CommandOptions {
  signal?: AbortSignal | undefined;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  timeoutMs?: number;
}

export interface CommandResult {
  /** Null where the program was not found or was killed. */
  code: number | null;
  found: boolean;
  output: string;
  errors: string;
}

export const stoppedByUser = (): Failed =>
  new Failed(
    'stopped',
    'The installation was stopped.',
    'Run `retort backends --install` to start it again.',
  );

/** Runs a program to its end. Never throws for its failure, only when `signal` asks to stop. */
export const runCommand = (
  program: string,
  args: readonly string[],
  { signal, env = process.env, cwd, timeoutMs }: CommandOptions = {},
): Promise<CommandResult> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(stoppedByUser());
    // Not spawn's own time limit: where the program is not found, that keeps this process alive until it is over.
    const limit = timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)];
    const ends = AbortSignal.any([...(signal ? [signal] : []), ...limit]);
    const child = spawn(program, args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      signal: ends,
    });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.name === 'AbortError') return;
      resolve({ code: null, found: error.code !== 'ENOENT', output, errors: errors || error.message });
    });
    child.on('close', (code) => {
      if (signal?.aborted) reject(stoppedByUser());
      else resolve({ code, found: true, output, errors });
    });
  });

/** The last line that says something, for a one-sentence failure. */
export const lastLine = (text: string): string => {
  const lines = text.split('\n').flatMap((line) => (line.trim() ? [line.trim()] : []));
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'no message';
};
