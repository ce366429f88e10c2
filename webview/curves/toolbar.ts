import { type Choice, button, checkbox, dropdown } from '../shared/controls';
import { element, setText } from '../shared/element';
import type { Axis } from './chartPlan';

export interface CurvesView {
  axis: Axis;
  log: boolean;
  /** From 0, nothing, to just below 1. */
  smoothing: number;
  table: boolean;
}

export interface ToolbarEvents {
  change(change: Partial<CurvesView>): void;
  resetZoom(): void;
  chooseRuns(): void;
}

const axes: Choice<Axis>[] = [
  { value: 'steps', words: 'Steps' },
  { value: 'epochs', words: 'Epochs' },
];

export interface Toolbar {
  root: HTMLElement;
  showZoom(zoomed: boolean): void;
}

/** How the curves are shown: axis, scale, smoothing, table, and which runs. */
export const curvesToolbar = (view: CurvesView, events: ToolbarEvents): Toolbar => {
  const axis = dropdown('Horizontal axis', axes, view.axis, (value) => events.change({ axis: value }));
  const log = checkbox('Log scale', view.log, (value) => events.change({ log: value }));
  const table = checkbox('Show as table', view.table, (value) => events.change({ table: value }));
  const reset = button('Reset zoom', { icon: 'reset', press: () => events.resetZoom() });
  reset.hidden = true;
  const root = element(
    'div',
    { class: 'toolbar', role: 'toolbar', aria: { label: 'How the curves are shown' } },
    axis.root,
    smoothingSlider(view.smoothing, (smoothing) => events.change({ smoothing })),
    log.root,
    table.root,
    reset,
    element('span', { class: 'toolbar-gap' }),
    button('Choose runs…', { icon: 'compare', press: () => events.chooseRuns() }),
  );
  return { root, showZoom: (zoomed) => (reset.hidden = !zoomed) };
};

const smoothingSlider = (value: number, change: (value: number) => void): HTMLElement => {
  const words = (smoothing: number) => (smoothing === 0 ? 'off' : smoothing.toFixed(2));
  const shown = element('output', { class: 'slider-value' }, words(value));
  const slider = element('input', { aria: { label: 'Smoothing' }, class: 'slider' });
  slider.type = 'range';
  slider.min = '0';
  slider.max = '0.98';
  slider.step = '0.02';
  slider.value = String(value);
  slider.addEventListener('input', () => {
    setText(shown, words(Number(slider.value)));
    change(Number(slider.value));
  });
  return element('label', { class: 'slider-label' }, 'Smoothing', slider, shown);
};
