import type { PageAnswer } from '../../engine/contract/pages';
import { brokenLink } from '../shared/states';

/** An answer, whatever became of the call. */
export const asked = async <T>(call: Promise<PageAnswer<T>>): Promise<PageAnswer<T>> => {
  try {
    return await call;
  } catch (error) {
    return { ok: false, failure: brokenLink(error) };
  }
};
