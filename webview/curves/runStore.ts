import type { RunSnapshot } from '../../engine/contract/pages';
import type { MetricPoint, RunReport, RunState } from '../../engine/contract/run';
import { type Curve, appendPoints } from './curveModel';

/** A run as the page holds it: the host's snapshot, its points sorted into curves, its name told from the others'. */
export interface RunView extends RunSnapshot {
  curves: Map<string, Curve>;
}

/** The runs that are shown, in the host's order. */
export class RunStore {
  private views: RunView[] = [];

  get runs(): readonly RunView[] {
    return this.views;
  }

  /** Replaces everything that is shown. */
  show(snapshots: readonly RunSnapshot[]): void {
    this.views = snapshots.map((snapshot) => viewOf(snapshot, titleOf(snapshot, snapshots)));
  }

  /**
   * Adds what the host sent. `from` is how many points it thinks the page has: with fewer here something was lost and
   * the answer is `gap`; with more, the run was taken up again from an earlier point, and what is past `from` is
   * replaced.
   */
  append(
    id: string,
    from: number,
    points: readonly MetricPoint[],
    state: RunState,
    report: RunReport | null,
  ): 'done' | 'gap' {
    const view = this.views.find((run) => run.id === id);
    if (!view || view.points.length < from) return 'gap';
    view.state = state;
    view.report = report;
    if (view.points.length > from) rewind(view, from);
    for (const point of points) view.points.push(point);
    appendPoints(view.curves, points);
    return 'done';
  }
}

/** A run's name; where several have the same, with the day and time of its start. */
const titleOf = ({ name, state }: RunSnapshot, all: readonly RunSnapshot[]): string => {
  if (all.filter((run) => run.name === name).length < 2) return name;
  const start = new Date(state.startedAt);
  const [month, day, hour, minute] = [
    start.getMonth() + 1,
    start.getDate(),
    start.getHours(),
    start.getMinutes(),
  ].map((part) => String(part).padStart(2, '0'));
  return `${name} ${month}-${day} ${hour}:${minute}`;
};

const viewOf = (snapshot: RunSnapshot, name: string): RunView => {
  const curves = new Map<string, Curve>();
  appendPoints(curves, snapshot.points);
  return { ...snapshot, name, points: [...snapshot.points], curves };
};

const rewind = (view: RunView, length: number): void => {
  view.points.length = length;
  view.curves.clear();
  appendPoints(view.curves, view.points);
};
