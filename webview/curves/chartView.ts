import type { Theme } from '../shared/theme';
import type { Axis } from './chartPlan';
import type { Span } from './curveModel';

/** How all charts are drawn. */
export interface ChartView {
  axis: Axis;
  log: boolean;
  smoothing: number;
  /** What is in view along the axis. */
  span: Span;
  theme: Theme;
}
