import type { RunState } from '../../engine/contract/run';

/** Not to keep the engine busy with pictures of every step. */
const restMs = 4000;

/**
 * Tells when a run has moved on so far that its maps are worth reading again: another stage, epoch or status at once,
 * more steps after a rest.
 */
export class Freshness {
  private readMs: number;

  constructor(
    private state: RunState,
    now: number,
  ) {
    this.readMs = now;
  }

  /** True where what was read before is out of date. */
  moved(state: RunState, now: number): boolean {
    const { stage, epoch, status, totalStep } = this.state;
    const turned = state.stage !== stage || state.epoch !== epoch || state.status !== status;
    const isRested = now - this.readMs >= restMs && state.totalStep !== totalStep;
    if (!turned && !isRested) return false;
    this.state = state;
    this.readMs = now;
    return true;
  }
}
