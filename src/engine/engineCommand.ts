import { spawn } from 'node:child_process';
import type * as vscode from 'vscode';
import { Failed, type Failure } from '../../engine/contract/failure';
import type { Services } from '../services';
import { onLines } from './lines';

export interface CommandWatch {
  /** Told what the command says of its progress. */
  onLine?: (line: string) => void;
  /** Cancelling interrupts the command. */
  token?: vscode.CancellationToken;
}

const parse = (output: string): unknown => {
  try {
    return JSON.parse(output) as unknown;
  } catch {
    return null;
  }
};

const failureIn = (answer: unknown): Failure =>
  typeof answer === 'object' && answer !== null && 'failure' in answer
    ? (answer.failure as Failure)
    : { code: 'internal', message: 'The engine ended without an answer.', next: 'See the log for details.' };

/**
 * Runs `retort ARGS --json` as a process of its own; gives what it prints. Null where it was cancelled. Throws `Failed`:
 * the command's own failure.
 */
export const engineCommand = async <T>(
  { bundle, findRuntime, log }: Pick<Services, 'bundle' | 'findRuntime' | 'log'>,
  args: readonly string[],
  { onLine, token }: CommandWatch = {},
): Promise<T | null> => {
  const runtime = await findRuntime();
  const child = spawn(runtime.path, [bundle, ...args, '--json'], {
    env: runtime.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const cancelled = token?.onCancellationRequested(() => child.kill('SIGINT'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  onLines(child.stderr, (line) => {
    log.info(line);
    onLine?.(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  }).finally(() => cancelled?.dispose());
  if (token?.isCancellationRequested) return null;
  const answer = parse(output);
  if (code === 0 && answer !== null) return answer as T;
  const { code: failed, message, next } = failureIn(answer);
  throw new Failed(failed, message, next);
};
