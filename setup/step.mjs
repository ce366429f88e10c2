// One part of the set-up: quiet when there is nothing to do, one line when it starts and one when it is done.
import { CommandFailed } from './processes.mjs';
import { withLock } from './lock.mjs';

/** A part that cannot be had: one sentence that says which, why, and what to do or what serves instead. */
export class SetupFailed extends Error {
  /**
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(message, options) {
    super(message, options);
    this.name = 'SetupFailed';
  }
}

/** @param {string} line */
export const say = (line) => console.log(line);

/** @param {number} start milliseconds, of `Date.now()` */
export const secondsSince = (start) => {
  const seconds = (Date.now() - start) / 1000;
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
};

/**
 * @param {object} part
 * @param {string} part.title what is set up, e.g. `Packages`
 * @param {string} part.doing what happens now, e.g. `installing`
 * @param {string} part.lock two set-ups that share this name wait for one another
 * @param {() => boolean | Promise<boolean>} part.isReady
 * @param {() => Promise<void>} part.act must leave nothing that {@link part.isReady} takes for finished when cut off
 */
export const step = async ({ title, doing, lock, isReady, act }) => {
  if (await isReady()) return;
  await withLock(lock, say, async () => {
    if (await isReady()) return;
    const start = Date.now();
    say(`${title}: ${doing} …`);
    await act();
    say(`${title}: ready after ${secondsSince(start)}.`);
  });
};

/**
 * The sentence for a part whose command failed, with the end of what the command printed on the lines below.
 * @param {string} sentence
 * @param {unknown} error
 */
export const asSetupFailed = (sentence, error) => {
  const output = error instanceof CommandFailed ? error.output.trim().split('\n').slice(-12) : [];
  const reason = output.length > 0 ? `\n  ${output.join('\n  ')}` : ` ${String(error)}`;
  return new SetupFailed(sentence + reason, { cause: error });
};
