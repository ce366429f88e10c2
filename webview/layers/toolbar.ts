import { button, checkbox } from '../shared/controls';
import { element } from '../shared/element';
import { type Metric, metricWords, metrics } from './metrics';

export interface ToolbarEvents {
  metric(metric: Metric): void;
  fold(isFolded: boolean): void;
  search(words: string): void;
  /** All stages are opened or closed. */
  stages(areOpen: boolean): void;
}

export interface Toolbar {
  root: HTMLElement;
  search: HTMLInputElement;
  draw(view: { metric: Metric; isFolded: boolean; filter: string }): void;
}

/** How the layers are shown. */
export const layersToolbar = (events: ToolbarEvents): Toolbar => {
  const switches = metrics.map((metric) => metricSwitch(metric, () => events.metric(metric)));
  const search = searchField(events.search);
  const fold = checkbox('Fold', false, events.fold);
  fold.root.title = 'One line for a layer with the normalisations and activations that follow it';
  const root = element(
    'div',
    { class: 'toolbar', role: 'toolbar', aria: { label: 'How the layers are shown' } },
    metricGroup(switches),
    search,
    fold.root,
    element('span', { class: 'toolbar-gap' }),
    element(
      'span',
      { class: 'stage-tools' },
      button('Open all stages', { look: 'icon', icon: 'unfold', press: () => events.stages(true) }),
      button('Close all stages', { look: 'icon', icon: 'fold', press: () => events.stages(false) }),
    ),
  );
  return {
    root,
    search,
    draw: ({ metric, isFolded, filter }) => {
      for (const made of switches) {
        const isChosen = made.dataset['metric'] === metric;
        made.setAttribute('aria-checked', String(isChosen));
        made.tabIndex = isChosen ? 0 : -1;
      }
      fold.set(isFolded);
      if (search.value !== filter) search.value = filter;
    },
  };
};

const metricSwitch = (metric: Metric, press: () => void): HTMLButtonElement =>
  element(
    'button',
    {
      class: 'metric',
      role: 'radio',
      title: metricWords[metric].explained,
      data: { metric },
      aria: { checked: false },
      on: { click: press },
    },
    metricWords[metric].heading,
  );

const metricGroup = (switches: readonly HTMLButtonElement[]): HTMLElement =>
  element(
    'div',
    {
      class: 'metrics',
      role: 'radiogroup',
      aria: { label: 'Shares by' },
      on: { keydown: (event) => walkRadios(event, switches) },
    },
    ...switches,
  );

const searchField = (changed: (words: string) => void): HTMLInputElement => {
  const search = element('input', { class: 'search', aria: { label: 'Find layers by name or kind' } });
  search.type = 'search';
  search.placeholder = 'Find layers  /';
  search.addEventListener('input', () => changed(search.value));
  return search;
};

const walkRadios = (event: KeyboardEvent, radios: readonly HTMLButtonElement[]): void => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = radios.findIndex((radio) => radio === event.target);
  const next = step === undefined ? undefined : radios[(at + step + radios.length) % radios.length];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
};
