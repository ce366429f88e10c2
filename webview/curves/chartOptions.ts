import type uPlot from 'uplot';
import { formatNumber, formatPercent } from '../shared/format';
import type { Theme } from '../shared/theme';
import type { ChartView } from './chartView';
import { isPercentChart, type ChartPlan, type Line } from './chartPlan';
import type { Span } from './curveModel';

export interface PlotEvents {
  zoom(span: Span | null): void;
  cursor(chart: uPlot): void;
}

/** What uPlot needs to draw a plan; colours and scales are those of the view at the time of building. */
export const chartOptions = (
  plan: ChartPlan,
  current: () => ChartView | null,
  events: PlotEvents,
): Omit<uPlot.Options, 'width' | 'height'> => {
  const view = current();
  if (!view) throw new Error('a chart is built for a view');
  const log = view.log && plan.canLog;
  const span = (): [number, number] => [current()?.span.min ?? 0, current()?.span.max ?? 1];
  return {
    scales: {
      x: { time: false, range: span },
      y: log ? { distr: 3 } : { range: (_chart, low, high) => padded(low, high) },
    },
    series: [{}, ...plan.lines.flatMap((line) => lineSeries(line, view))],
    axes: axes(plan, view.theme),
    legend: { show: false },
    cursor: cursorOptions(events),
    hooks: {
      setCursor: [(chart) => events.cursor(chart)],
      setSelect: [(chart) => chooseStretch(chart, events)],
    },
    padding: [8, 18, 0, 0],
  };
};

const lineSeries = (line: Line, view: ChartView): uPlot.Series[] => {
  const { colour, dash, width, marked, noisy } = line.style;
  const stroke = view.theme.series[colour];
  const series: uPlot.Series = {
    stroke,
    width,
    dash: [...dash],
    alpha: noisy && view.smoothing === 0 ? 0.8 : 1,
    points: { size: 5, fill: stroke, show: marked ? hasRoomForMarks : isAlone },
  };
  if (!noisy || view.smoothing === 0) return [series];
  return [series, { stroke, width: 1, alpha: 0.3, points: { show: false } }];
};

const ownPoints = (chart: uPlot, series: number): number =>
  (chart.data[series] ?? []).filter((value) => value !== null && value !== undefined).length;

/** One point makes no line. */
const isAlone = (chart: uPlot, series: number): boolean => ownPoints(chart, series) === 1;

/** Marks that would touch are left out; alignment with other lines' points is no point of this one. */
const hasRoomForMarks = (chart: uPlot, series: number): boolean =>
  ownPoints(chart, series) <= chart.over.clientWidth / 12;

const axes = (plan: ChartPlan, theme: Theme): uPlot.Axis[] => {
  const shared: uPlot.Axis = {
    stroke: theme.faint,
    font: theme.font,
    grid: { stroke: theme.grid, width: 1 },
    ticks: { show: false },
  };
  const words = isPercentChart(plan.id) ? (value: number) => formatPercent(value, 0) : formatNumber;
  return [
    { ...shared, size: 26, gap: 4, space: 60, values: (_chart, splits) => splits.map(formatNumber) },
    {
      ...shared,
      size: (_chart, values) => 14 + 6.5 * Math.max(3, ...(values ?? []).map((value) => value.length)),
      gap: 4,
      space: 32,
      values: (_chart, splits) => evenWords(splits, words),
    },
  ];
};

/** Percentages get a digit more where whole ones would repeat; a split that uPlot leaves out stays out. */
const evenWords = (splits: (number | null)[], words: (value: number) => string): string[] => {
  const plain = splits.map((value) => (value === null ? '' : words(value)));
  const shown = plain.filter(Boolean);
  if (new Set(shown).size === shown.length) return plain;
  return splits.map((value) => (value === null ? '' : formatPercent(value, 1)));
};

const cursorOptions = (events: PlotEvents): uPlot.Cursor => ({
  y: false,
  drag: { x: true, y: false, setScale: false, dist: 4 },
  points: { size: 7 },
  sync: {
    key: 'curves',
    setSeries: false,
    scales: ['x', null],
    filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
  },
  bind: {
    dblclick: () => () => {
      events.zoom(null);
      return null;
    },
  },
});

const chooseStretch = (chart: uPlot, events: PlotEvents): void => {
  const { left, width } = chart.select;
  if (width < 4) return;
  events.zoom({ min: chart.posToVal(left, 'x'), max: chart.posToVal(left + width, 'x') });
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
};

/** A little room above and below; a level line stands in the middle. */
const padded = (low: number | null, high: number | null): [number, number] => {
  if (low === null || high === null) return [0, 1];
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.1, 1e-6);
  return [low - room, high + room];
};
