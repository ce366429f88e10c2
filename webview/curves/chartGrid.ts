import { element } from '../shared/element';
import { Chart, type ChartEvents } from './chart';
import type { ChartView } from './chartView';
import { type Axis, type ChartPlan, positions } from './chartPlan';
import type { Span } from './curveModel';

/** All charts; one that a plan no longer has is taken away. */
export class ChartGrid {
  readonly root = element('div', { class: 'charts' });
  private readonly charts = new Map<string, Chart>();
  private readonly events: ChartEvents;

  constructor(zoom: ChartEvents['zoom']) {
    this.events = { zoom, point: (x) => this.charts.forEach((chart) => chart.pointAt(x)) };
  }

  draw(plans: readonly ChartPlan[], view: ChartView): void {
    const wanted = new Set(plans.map((plan) => plan.id));
    for (const [id, chart] of this.charts)
      if (!wanted.has(id)) {
        chart.destroy();
        this.charts.delete(id);
      }
    for (const [index, plan] of plans.entries()) {
      const chart = this.charts.get(plan.id) ?? new Chart(plan, this.events);
      this.charts.set(plan.id, chart);
      if (this.root.children[index] !== chart.root)
        this.root.insertBefore(chart.root, this.root.children[index] ?? null);
    }
    for (const plan of plans) this.charts.get(plan.id)?.draw(plan, view);
  }
}

/** From the first to the last position of any line; a single point gets some room. */
export const fullSpan = (plans: readonly ChartPlan[], axis: Axis): Span => {
  let min = Infinity;
  let max = -Infinity;
  for (const line of plans.flatMap((plan) => plan.lines)) {
    const xs = positions(line, axis);
    min = Math.min(min, xs[0] ?? Infinity);
    max = Math.max(max, xs.at(-1) ?? -Infinity);
  }
  if (min > max) return { min: 0, max: 1 };
  return min === max ? { min: min - 0.5, max: max + 0.5 } : { min, max };
};
