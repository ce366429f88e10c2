import uPlot from 'uplot';
import { element, fill, setText } from '../shared/element';
import { formatMetric } from '../shared/format';
import { chartOptions } from './chartOptions';
import { type Axis, type ChartPlan, type Line, positions } from './chartPlan';
import type { ChartView } from './chartView';
import { type Span, decimate, newest, smooth, trend } from './curveModel';
import { swatch } from './swatch';

export interface ChartEvents {
  /** A stretch was chosen, or null for all of it. */
  zoom(span: Span | null): void;
  /** The keyboard moved the cursor to this place along the axis. */
  point(x: number): void;
}

/** One chart: a title, the value of every line at the cursor (the newest, without one), and the plot. */
export class Chart {
  readonly root: HTMLElement;
  private readonly readout = element('ul', { class: 'readout' });
  private readonly values: HTMLElement[] = [];
  private readonly plot: HTMLElement;
  private readonly place = element('span', { class: 'chart-place' });
  private uplot: uPlot | null = null;
  private built = '';
  private plan: ChartPlan;
  private view: ChartView | null = null;

  constructor(
    plan: ChartPlan,
    private readonly events: ChartEvents,
  ) {
    this.plan = plan;
    this.plot = element('div', {
      class: 'plot',
      tabIndex: 0,
      role: 'slider',
      aria: { label: plan.title, valuemin: 0, valuemax: 1, valuenow: 0 },
      on: { keydown: (event) => this.pressed(event) },
    });
    const heading = element('h3', { class: 'chart-title' }, plan.title, this.place);
    this.root = element(
      'section',
      { class: 'chart', data: { chart: plan.id } },
      heading,
      plan.note === undefined ? null : element('p', { class: 'chart-note' }, plan.note),
      this.readout,
      this.plot,
    );
    this.root.classList.toggle('chart-wide', plan.wide);
  }

  draw(plan: ChartPlan, view: ChartView): void {
    this.plan = plan;
    this.view = view;
    const width = this.plot.clientWidth;
    if (width === 0) return;
    const data = chartData(plan, view, width);
    const height = plan.wide ? 210 : 140;
    const wanted = signature(plan, view);
    if (this.uplot && wanted === this.built) {
      if (this.uplot.width !== width) this.uplot.setSize({ width, height });
      this.uplot.setData(data);
    } else {
      this.built = wanted;
      this.build(width, height, data);
    }
    this.describe();
  }

  /** Puts the cursor at a place along the axis. */
  pointAt(x: number): void {
    const { uplot } = this;
    if (uplot) uplot.setCursor({ left: uplot.valToPos(x, 'x'), top: uplot.over.clientHeight / 2 });
  }

  destroy(): void {
    this.uplot?.destroy();
    this.root.remove();
  }

  private build(width: number, height: number, data: uPlot.AlignedData): void {
    this.uplot?.destroy();
    this.values.length = 0;
    fill(this.readout, ...this.plan.lines.map((line) => this.readoutItem(line)));
    const options = chartOptions(this.plan, () => this.view, {
      zoom: (span) => this.events.zoom(span),
      cursor: (chart) => this.showValues(chart),
    });
    this.uplot = new uPlot({ ...options, width, height }, data, this.plot);
  }

  private readoutItem(line: Line): HTMLElement {
    const value = element('span', { class: 'readout-value' });
    this.values.push(value);
    return element('li', {}, swatch(line.style), element('span', {}, line.label), value);
  }

  /** The drawn line `index` of the plan is followed by its faint raw one where it is smoothed. */
  private showValues(chart: uPlot): void {
    const x = chart.data[0][chart.cursor.idx ?? -1];
    const inside = (chart.cursor.left ?? -1) >= 0 && x !== undefined;
    let series = 1;
    for (const [index, line] of this.plan.lines.entries()) {
      const at = (inside ? chart.cursor.idxs?.[series] : null) ?? null;
      const value = at === null ? newest(line.curve.values) : chart.data[series]?.[at];
      const words = inside && at === null ? '–' : formatMetric(line.curve.metric, value);
      const target = this.values[index];
      if (target) setText(target, words);
      series += isSmoothed(line, this.view) ? 2 : 1;
    }
    setText(this.place, inside ? placeWords(x, this.view?.axis ?? 'steps') : '');
  }

  private describe(): void {
    if (this.uplot) this.showValues(this.uplot);
    const told = this.plan.lines.map((line) => {
      const value = formatMetric(line.curve.metric, newest(line.curve.values));
      return `${line.label} ${value}, ${trend(line.curve.values)}`;
    });
    this.plot.setAttribute('aria-label', `${this.plan.title}: ${told.join('; ')}`);
    this.plot.setAttribute('aria-valuemin', String(this.view?.span.min ?? 0));
    this.plot.setAttribute('aria-valuemax', String(this.view?.span.max ?? 1));
  }

  private pressed(event: KeyboardEvent): void {
    const { uplot, view } = this;
    if (!uplot || !view) return;
    const width = uplot.over.clientWidth;
    const left = uplot.cursor.left ?? -1;
    const at = left < 0 ? width : left;
    const { min, max } = view.span;
    const x = uplot.posToVal(at, 'x');
    const near = (factor: number) => ({ min: x - (x - min) * factor, max: x + (max - x) * factor });
    const actions: Record<string, () => void> = {
      ArrowLeft: () => this.moveTo(uplot.posToVal(Math.max(0, at - width / 50), 'x')),
      ArrowRight: () => this.moveTo(uplot.posToVal(Math.min(width, at + width / 50), 'x')),
      Home: () => this.moveTo(min),
      End: () => this.moveTo(max),
      '+': () => this.events.zoom(near(0.5)),
      '-': () => this.events.zoom(near(2)),
      '0': () => this.events.zoom(null),
      Escape: () => this.events.zoom(null),
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }

  private moveTo(x: number): void {
    this.events.point(x);
    const told = this.plan.lines.map(
      (line, index) => `${line.label} ${this.values[index]?.textContent ?? ''}`,
    );
    this.plot.setAttribute('aria-valuenow', String(x));
    this.plot.setAttribute('aria-valuetext', [this.place.textContent, ...told].join(', '));
  }
}

const placeWords = (x: number, axis: Axis): string =>
  axis === 'steps' ? `step ${Math.round(x)}` : `epoch ${x.toFixed(2)}`;

const isSmoothed = (line: Line, view: ChartView | null): boolean =>
  line.style.noisy && view !== null && view.smoothing > 0;

/** What a plot must be built anew for; everything else is new data. */
const signature = (plan: ChartPlan, view: ChartView): string =>
  JSON.stringify([
    plan.lines.map((line) => [line.key, line.label, line.style.colour, isSmoothed(line, view)]),
    view.log,
    view.axis,
    view.theme,
  ]);

/** The lines on one axis, each thinned to what the pixels can show; a smoothed line is followed by its raw one. */
const chartData = (plan: ChartPlan, view: ChartView, pixels: number): uPlot.AlignedData => {
  const tables = plan.lines.flatMap((line) => {
    const xs = positions(line, view.axis);
    const raw = view.log && plan.canLog ? line.curve.values.map(positive) : line.curve.values;
    const drawn = isSmoothed(line, view) ? [smooth(raw, view.smoothing), raw] : [raw];
    return drawn.map((ys): uPlot.AlignedData => {
      const kept = decimate(xs, ys, view.span, pixels);
      return [kept.map((index) => xs[index] ?? 0), kept.map((index) => ys[index] ?? null)];
    });
  });
  return tables.length > 0 ? uPlot.join(tables) : [[]];
};

const positive = (value: number | null): number | null => (value !== null && value > 0 ? value : null);
