import type { Recipe } from '../contract/recipe';
import { asFailure } from '../run/explain';

export interface Shared {
  json?: boolean;
  backend: Recipe['backend'];
}

/**
 * Runs a command and prints its answer: with `--json` one document on standard output, else text. A failure prints its
 * sentence and next step, and the process exits with 1.
 */
export const answer = async (
  options: Pick<Shared, 'json'>,
  work: () => Promise<{ value: unknown; text: string }>,
): Promise<void> => {
  try {
    const { value, text } = await work();
    process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
  } catch (error) {
    const failure = asFailure(error);
    if (options.json) process.stdout.write(`${JSON.stringify({ failure }, null, 2)}\n`);
    process.stderr.write(`${failure.message}\n${failure.next}\n`);
    if (failure.code === 'internal' && process.env.RETORT_DEBUG) console.error(failure.cause);
    process.exitCode = 1;
  }
};
