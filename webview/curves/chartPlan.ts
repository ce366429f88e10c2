import { type SeriesColour, seriesColours } from '../shared/theme';
import { isMetric, mainMetric, metricInfo } from '../../engine/contract/measures';
import { isAccuracy, isPercent, isShare } from '../shared/format';
import { type Curve, curveKey } from './curveModel';
import type { RunView } from './runStore';

export type Axis = 'steps' | 'epochs';

/** How a curve is drawn: by colour, and by dash for those who do not tell the colours apart. */
export interface LineStyle {
  colour: SeriesColour;
  /** Lengths of line and gap in pixels; empty for a whole line. */
  dash: readonly number[];
  width: number;
  /** Few and measured with care: each is marked. */
  marked: boolean;
  /** Noisy: the smoothing slider applies. */
  noisy: boolean;
}

export interface Line {
  key: string;
  label: string;
  curve: Curve;
  style: LineStyle;
  /** Steps in one epoch of the curve's stage; null where the run does not say. */
  stepsPerEpoch: number | null;
}

export interface ChartPlan {
  id: string;
  title: string;
  /** A sentence for who does not know what it shows. */
  note?: string;
  /** Whether the logarithmic scale applies. */
  canLog: boolean;
  wide: boolean;
  lines: Line[];
}

const dashes: Record<string, readonly number[]> = { control: [7, 4], teacher: [3, 2] };
const stageColours: Record<string, SeriesColour> = {
  student: 'blue',
  control: 'yellow',
  teacher: 'purple',
};

/** One run is coloured by stage; several are coloured by run, and their stages differ in dash alone. */
export const stageStyle = (run: number, runs: number, stage: string): Pick<LineStyle, 'colour' | 'dash'> => ({
  colour: runs > 1 ? (seriesColours[run % seriesColours.length] ?? 'blue') : (stageColours[stage] ?? 'green'),
  dash: dashes[stage] ?? [],
});

/** The chart a metric belongs to: all accuracies, each other metric, all shares, all totals of the loss, each term of it, each other name. */
export const chartOf = (metric: string): string => {
  const name = metric.replace(/^val_/, '');
  if (isShare(name)) return 'share';
  return isAccuracy(name) ? 'accuracy' : name;
};

/** Stages in which a run trains, in its order; those that only its points tell of come last. */
export const stagesOf = (run: RunView): string[] => [
  ...new Set([...run.state.stages.map((stage) => stage.name), ...run.points.map((point) => point.stage)]),
];

export const hiddenKey = (run: string, stage: string): string => `${run} ${stage}`;

/** Which charts there are, and which lines in each; test results stand in the table, not in a chart. */
export const planCharts = (runs: readonly RunView[], hidden: ReadonlySet<string>): ChartPlan[] => {
  const plans = new Map<string, ChartPlan>();
  for (const [index, run] of runs.entries())
    for (const curve of run.curves.values()) {
      if (curve.split === 'test') continue;
      const id = chartOf(curve.metric);
      const plan = plans.get(id) ?? emptyPlan(id);
      plans.set(id, plan);
      if (!hidden.has(hiddenKey(run.id, curve.stage)))
        plan.lines.push(lineOf(run, index, runs.length, curve));
    }
  for (const plan of plans.values()) {
    if (plan.id === 'share') tellTermsApart(plan, runs.length);
    shortenLabels(plan);
  }
  return [...plans.values()].sort((one, other) => chartRank(one.id) - chartRank(other.id));
};

const termDashes: readonly (readonly number[])[] = [[], [7, 4], [3, 2], [9, 3, 2, 3]];

/** Shares of several losses in one chart: by colour in one run, by dash in several, whose colour is the run's. */
const tellTermsApart = ({ lines }: ChartPlan, runs: number): void => {
  const terms = [...new Set(lines.map(({ curve }) => curve.metric))];
  for (const { style, curve } of lines) {
    const term = terms.indexOf(curve.metric);
    style.noisy = false;
    style.marked = true;
    if (runs === 1) style.colour = seriesColours[term % seriesColours.length] ?? 'blue';
    style.dash = termDashes[Math.floor(runs === 1 ? term / seriesColours.length : term) % 4] ?? [];
  }
};

/** Where a chart shows one metric alone, its title says which. */
const shortenLabels = ({ lines }: ChartPlan): void => {
  if (new Set(lines.map((line) => line.curve.metric)).size > 1) return;
  for (const line of lines) line.label = line.label.slice(0, -` · ${line.curve.metric}`.length);
};

const emptyPlan = (id: string): ChartPlan => ({
  id,
  title: titles[id] ?? metricInfo(id)?.title ?? id,
  ...(notes[id] === undefined ? {} : { note: notes[id] }),
  canLog: !isPercentChart(id),
  wide: id === 'accuracy' || id === 'loss' || isMetric(id),
  lines: [],
});

/** Whether a chart's values are said as percent. */
export const isPercentChart = (id: string): boolean => id === 'accuracy' || id === 'share' || isPercent(id);

const titles: Record<string, string> = {
  accuracy: 'Accuracy',
  share: 'Shares of the gradient',
  loss: 'Loss',
  lr: 'Learning rate',
};

const notes: Record<string, string> = {
  share:
    'How much each loss moves the student: the norm of its weighted gradient, as a share of all of them. Near 100 % a loss drowns the others; near 0 % it hardly counts.',
};

/** The order of charts, and of the table's columns: what counts first, then the terms, then the rest. */
export const chartRank = (id: string): number => {
  const fixed: Record<string, number> = { accuracy: 0, loss: 1, share: 1.5, lr: 4 };
  if (isMetric(id)) return Object.values(mainMetric).includes(id) ? 0 : 0.5;
  return fixed[id] ?? (id.startsWith('loss/') ? 2 : 3);
};

const lineOf = (run: RunView, index: number, runs: number, curve: Curve): Line => {
  const measured = curve.split === 'validation';
  const stage = run.state.stages.find(({ name }) => name === curve.stage);
  const names = [runs > 1 ? run.name : null, curve.stage, curve.metric];
  return {
    key: `${run.id} ${curveKey(curve.stage, curve.metric)}`,
    label: names.filter(Boolean).join(' · '),
    curve,
    style: {
      ...stageStyle(index, runs, curve.stage),
      width: measured ? 2 : 1.5,
      marked: measured,
      noisy: !measured && curve.metric !== 'lr',
    },
    stepsPerEpoch: stage && stage.stepsPerEpoch > 0 ? stage.stepsPerEpoch : null,
  };
};

/** A curve's positions along the axis: steps, or epochs with their fractions where the run says how long one is. */
export const positions = (line: Line, axis: Axis): readonly number[] => {
  if (axis === 'steps') return line.curve.steps;
  const { stepsPerEpoch } = line;
  return stepsPerEpoch ? line.curve.steps.map((step) => step / stepsPerEpoch) : line.curve.epochs;
};
