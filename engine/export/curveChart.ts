import { metricInfo } from '../contract/measures';
import { epochAxis, valueAxis, type Axis } from './axis';
import { thin, type Curve, type CurvePoint, type CurveSet } from './curves';
import { markup, type Markup } from './markup';
import { formatMetric, formatNumber } from './quantity';

const width = 448;
const height = 250;
const left = 52;
const right = 14;
const top = 12;
const bottom = 40;
const mostPoints = 400;

const stageLabels: Readonly<Record<string, string>> = {
  student: 'Student',
  control: 'Control: the same student, not distilled',
  teacher: 'Teacher',
};
/** What a stage is called; the stages of methods' own keep their name. */
export const stageLabel = (stage: string): string => stageLabels[stage] ?? stage;
/** How a stage is drawn: see the style. */
export const stageClass = (stage: string): string => (stage in stageLabels ? stage : 'other');

/** The curves of one name as a chart in SVG, or null where none has a number to draw. */
export const curveChart = (set: CurveSet): Markup | null => {
  const curves = set.curves
    .map((curve) => ({ ...curve, points: thin(curve.points, mostPoints) }))
    .filter((curve) => curve.points.some((point) => Number.isFinite(point.y)));
  if (curves.length === 0) return null;
  const shown = curves.flatMap((curve) => curve.points).filter((point) => Number.isFinite(point.y));
  const x = epochAxis(Math.max(...shown.map((point) => point.x)));
  const y = valueAxis(shown.map((point) => point.y));
  const plot = plotOf(x, y);
  const say = metricInfo(set.name)?.unit === 'share' ? formatShareTick : formatNumber;
  return markup`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${describe(set, curves)}">
${grid(plot, x, y, say)}
${[...curves].reverse().map((curve) => drawCurve(curve, plot))}
</svg>`;
};

const formatShareTick = (share: number): string => `${formatNumber(share * 100)} %`;

interface Plot {
  x(value: number): number;
  y(value: number): number;
}

const plotOf = (x: Axis, y: Axis): Plot => ({
  x: (value) => round(left + x.place(value) * (width - left - right)),
  y: (value) => round(height - bottom - y.place(value) * (height - top - bottom)),
});

const round = (value: number): number => Math.round(value * 10) / 10;

const describe = (set: CurveSet, curves: readonly Curve[]): string => {
  const info = set.name === 'loss' ? null : metricInfo(set.name);
  const ends = curves.map((curve) => {
    const last = curve.points.findLast((point) => Number.isFinite(point.y))?.y ?? NaN;
    return `${stageLabel(curve.stage)} ends at ${info ? formatMetric(info, last) : formatNumber(last)}`;
  });
  return `${chartTitle(set)} by epoch. ${ends.join('. ')}.`;
};

export const chartTitle = (set: CurveSet): string => {
  const info = metricInfo(set.name);
  if (info && set.name !== 'loss') return `${info.title} on the validation split`;
  return set.name === 'loss' ? 'Loss, whole' : `Loss, ${set.name.replace(/^loss\//, '')}`;
};

const grid = (plot: Plot, x: Axis, y: Axis, say: (value: number) => string): Markup[] => {
  const end = width - right;
  const floor = height - bottom;
  return [
    ...y.ticks.map(
      (tick) => markup`<path class="grid" d="M${left} ${plot.y(tick)}H${end}"/>
<text class="tick" x="${left - 8}" y="${plot.y(tick) + 4}" text-anchor="end">${say(tick)}</text>`,
    ),
    ...x.ticks.map(
      (tick) => markup`<path class="axis" d="M${plot.x(tick)} ${floor}v4"/>
<text class="tick" x="${plot.x(tick)}" y="${floor + 18}" text-anchor="middle">${tick}</text>`,
    ),
    markup`<path class="axis" d="M${left} ${floor}H${end}"/>
<text class="tick" x="${end}" y="${height - 4}" text-anchor="end">${y.scale === 'log' ? 'log scale · ' : ''}epochs</text>`,
  ];
};

const drawCurve = (curve: Curve, plot: Plot): Markup => {
  const lines = unbroken(curve.points);
  const paths = lines.filter((line) => line.length > 1);
  const dots = lines.filter((line) => line.length === 1).flat();
  const steps = paths.map(
    (line) => `M${line.map((point) => `${plot.x(point.x)} ${plot.y(point.y)}`).join('L')}`,
  );
  const kind = stageClass(curve.stage);
  return markup`<g class="${kind}"><title>${stageLabel(curve.stage)}</title>
<path class="curve" d="${steps.join('')}"/>
${dots.map((point) => markup`<circle class="dot" cx="${plot.x(point.x)}" cy="${plot.y(point.y)}" r="3"/>`)}</g>`;
};

const unbroken = (points: readonly CurvePoint[]): CurvePoint[][] => {
  const lines: CurvePoint[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point.y)) lines.at(-1)?.push(point);
    else lines.push([]);
  }
  return lines.filter((line) => line.length > 0);
};
