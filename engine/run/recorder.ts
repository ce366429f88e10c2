import { isActive, type MetricPoint, type RunState, type RunStatus, type RunWarning } from '../contract/run';
import { appendEvent, appendMetric, writeState } from './folder';

const stateEveryMs = 400;

/** Seconds left: the pace of the last steps, over all the steps still to do. */
export class Pace {
  private stage: number | null = null;
  private last = 0;
  private secondsPerStep: number | null = null;

  /** A stage's first step is not counted: it also prepares the stage. */
  stepped(stage: number): void {
    const now = performance.now();
    const seconds = (now - this.last) / 1000;
    const isFirst = stage !== this.stage;
    this.last = now;
    this.stage = stage;
    if (isFirst) return;
    this.secondsPerStep =
      this.secondsPerStep === null ? seconds : 0.95 * this.secondsPerStep + 0.05 * seconds;
  }

  secondsLeft(steps: number): number | null {
    return this.secondsPerStep === null ? null : Math.round(this.secondsPerStep * steps);
  }
}

/** Writes a run's state, metrics and events as they come; the state at most a few times a second. */
export class Recorder {
  private written = 0;
  private readonly pace = new Pace();

  constructor(
    private readonly run: string,
    public state: RunState,
    private readonly onState: (state: RunState) => void,
  ) {}

  async update(changes: Partial<RunState>, options: { now: boolean }): Promise<void> {
    this.state = { ...this.state, ...changes, updatedAt: new Date().toISOString() };
    this.onState(this.state);
    const now = performance.now();
    if (!options.now && now - this.written < stateEveryMs) return;
    this.written = now;
    await writeState(this.run, this.state);
  }

  async stepped(changes: Partial<RunState> & { stage: number; totalStep: number }): Promise<void> {
    this.pace.stepped(changes.stage);
    const secondsLeft = this.pace.secondsLeft(this.state.totalSteps - changes.totalStep);
    await this.update({ ...changes, secondsLeft }, { now: false });
  }

  async point(point: MetricPoint): Promise<void> {
    await appendMetric(this.run, point);
    const latest = Object.fromEntries(
      Object.entries(point.values).map(([name, value]) => [`${point.stage}/${name}`, value]),
    );
    await this.update({ latest: { ...this.state.latest, ...latest } }, { now: false });
  }

  async status(status: RunStatus, changes: Partial<RunState> = {}): Promise<void> {
    const ended = isActive(status) ? {} : { pid: null, secondsLeft: null };
    await this.update({ status, ...ended, ...changes }, { now: true });
  }

  /** Once in the events, and in the state from then on. */
  async warn(warning: RunWarning): Promise<void> {
    await this.event('warning', `${warning.message} ${warning.next}`);
    await this.update({ warnings: [...(this.state.warnings ?? []), warning] }, { now: true });
  }

  event(kind: 'info' | 'warning' | 'failure', message: string): Promise<void> {
    return appendEvent(this.run, kind, message);
  }
}
