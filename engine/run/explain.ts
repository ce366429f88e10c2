import { Failed } from '../contract/failure';

const memoryMessages =
  /out of memory|OOM|Array buffer allocation failed|Invalid array length|std::bad_alloc|ResourceExhausted/i;

/** Turns any error into a failure; what nobody foresaw is `internal`. */
export const asFailure = (error: unknown): Failed => {
  if (error instanceof Failed) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (memoryMessages.test(message))
    return new Failed(
      'outOfMemory',
      `The memory ran out: ${message.split('\n')[0]}.`,
      'Lower training.batchSize, or use smaller images.',
      { cause: error },
    );
  return new Failed(
    'internal',
    `Something went wrong inside Retort: ${message.split('\n')[0]}`,
    'Please report it, with log.txt of the run; nothing that was saved is lost.',
    { cause: error },
  );
};
