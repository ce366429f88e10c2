import { basename } from 'node:path';
import { Failed } from '../contract/failure';
import type { BuiltCode } from './codeBuild';

/** `file:line` of the innermost of the user's frames, one-based; empty where none took part. */
const userPlace = (error: unknown, built: BuiltCode): string => {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const line of stack.split('\n')) {
    const at = line.indexOf(`${built.runName}:`);
    const position = at < 0 ? null : /^(\d+):(\d+)/.exec(line.slice(at + built.runName.length + 1));
    const original = position && built.locations.original(Number(position[1]), Number(position[2]));
    if (original) return `${basename(original.file)}:${original.line + 1}`;
  }
  return '';
};

const nextStep = (error: unknown, parameters: number): string => {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'MODULE_NOT_FOUND') return 'Install the package in the project (npm install).';
  if (code === 'ERR_REQUIRE_ESM')
    return 'This package has no CommonJS form: import it in a file that the model code does not need.';
  if (parameters > 0)
    return 'Retort calls the function without arguments: give its parameters default values.';
  return 'Correct the model code, then open it again.';
};

/**
 * A user's error as a failure: their message, file and line, no stack trace.
 * `parameters`: how many the failed function requires.
 */
export const codeFailed = (error: unknown, built: BuiltCode, parameters = 0): Failed => {
  if (error instanceof Failed) return error;
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0]?.replace(/\.$/, '');
  const place = userPlace(error, built) || basename(built.file);
  return new Failed('modelInvalid', `${place}: ${message}.`, nextStep(error, parameters), { cause: error });
};
