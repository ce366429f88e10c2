import type { PageAnswer } from '../../engine/contract/pages';
import { Failed } from '../../engine/contract/failure';
import { toFailure } from '../failureMessage';
import { describeError } from '../log';
import type { Services } from '../services';

/** What a page asked for, or why it cannot be had; the log hears of that too. */
export const pageAnswer = async <T>(
  log: Services['log'],
  work: () => T | Promise<T>,
): Promise<PageAnswer<T>> => {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const failure = toFailure(error);
    log.warn(error instanceof Failed ? failure.message : describeError(error));
    return { ok: false, failure };
  }
};
