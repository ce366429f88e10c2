import type { RunState } from '../../engine/contract/run';

/** Whether maps that were read in one state of a run are out of date in a later one. */
export const isOutdated = (shown: RunState, now: RunState): boolean =>
  shown.checkpoint !== now.checkpoint || shown.status !== now.status;
