import type { CurvesHost, CurvesPage, RunSnapshot } from '../../engine/contract/pages';
import type { MetricPoint, RunReport, RunState } from '../../engine/contract/run';
import { Announcer } from '../shared/a11y';
import { button } from '../shared/controls';
import { element, fill, pageRoot } from '../shared/element';
import { mainMetric } from '../../engine/contract/measures';
import { formatMetric } from '../shared/format';
import { SavedState } from '../shared/savedState';
import { brokenLink, emptyBlock, failedBlock, loadingBlock } from '../shared/states';
import { statusWords } from '../shared/statusWords';
import { type Theme, onThemeChange, readTheme } from '../shared/theme';
import { ChartGrid, fullSpan } from './chartGrid';
import { type ChartPlan, planCharts } from './chartPlan';
import type { Span } from './curveModel';
import { type Sorting, epochTable } from './epochTable';
import { ResultTable } from './resultTable';
import { RunCard, type RunActions, progressWords } from './runCard';
import { RunStore, type RunView } from './runStore';
import { TableView } from './tableView';
import { type CurvesView, type Toolbar, curvesToolbar } from './toolbar';

type Host = { [Call in keyof CurvesHost]: CurvesHost[Call] };

interface Arrangement extends CurvesView {
  hidden: string[];
  zoom: Span | null;
  sorting: Sorting;
}

const initial: Arrangement = {
  axis: 'steps',
  log: false,
  smoothing: 0,
  table: false,
  hidden: [],
  zoom: null,
  sorting: { column: 'epoch', descending: true },
};

/** The Curves page: draws what the store holds, at most once a frame. */
export class CurvesPageView implements CurvesPage {
  private readonly saved = new SavedState<Arrangement>(1, initial);
  private readonly store = new RunStore();
  private readonly cards = new Map<string, RunCard>();
  private readonly announcer = new Announcer();
  private readonly cardList = element('div', { class: 'runs' });
  private readonly state = element('div', { class: 'page-state' });
  private readonly results = new ResultTable();
  private readonly charts = new ChartGrid((zoom) => this.arrange({ zoom }));
  private readonly table = new TableView(this.saved.get().sorting, (sorting) =>
    this.saved.update({ sorting }),
  );
  private readonly toolbar: Toolbar;
  private theme: Theme = readTheme();
  private isScheduled = false;
  private isOpening = false;
  private isLoaded = false;
  private shownState = '';

  constructor(private readonly host: Host) {
    this.toolbar = curvesToolbar(this.saved.get(), {
      change: (change) => this.arrange('axis' in change ? { ...change, zoom: null } : change),
      resetZoom: () => this.arrange({ zoom: null }),
      chooseRuns: () => void host.chooseRuns(),
    });
    const parts = [this.cardList, this.results.root, this.toolbar.root, this.state, this.charts.root];
    pageRoot('curves').append(...parts, this.table.root, this.announcer.root);
    this.showState('loading', () => loadingBlock('Reading the run…'));
    onThemeChange(() => this.themeChanged());
    new ResizeObserver(() => this.schedule()).observe(this.charts.root);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.open();
    });
  }

  /** Asks for everything that is to be shown. */
  async open(): Promise<void> {
    if (this.isOpening) return;
    this.isOpening = true;
    try {
      this.show((await this.host.open()).runs);
    } catch (error) {
      this.showState('broken', () => failedBlock(brokenLink(error), () => void this.open()));
    } finally {
      this.isOpening = false;
    }
  }

  show(runs: RunSnapshot[]): void {
    const shown = this.store.runs.map((run) => run.id).join();
    const isOther = this.isLoaded && shown !== runs.map((run) => run.id).join();
    this.isLoaded = true;
    this.store.show(runs);
    this.arrange(isOther ? { zoom: null } : {});
  }

  append(id: string, from: number, points: MetricPoint[], state: RunState, report: RunReport | null): void {
    if (this.store.append(id, from, points, state, report) === 'gap') void this.open();
    else this.schedule();
  }

  private arrange(change: Partial<Arrangement>): void {
    this.saved.update(change);
    this.schedule();
  }

  private themeChanged(): void {
    this.theme = readTheme();
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame(() => {
      this.isScheduled = false;
      this.draw();
    });
  }

  private draw(): void {
    if (!this.isLoaded) return;
    const { runs } = this.store;
    const hidden = new Set(this.saved.get().hidden);
    this.drawCards(runs, hidden);
    this.results.draw(runs);
    const plans = planCharts(runs, hidden);
    const isEmpty = plans.length === 0;
    if (isEmpty) this.showEmptyState(runs);
    else this.showState('');
    const { table } = this.saved.get();
    this.toolbar.root.hidden = isEmpty;
    this.charts.root.hidden = isEmpty || table;
    this.table.root.hidden = isEmpty || !table;
    if (isEmpty) return;
    if (table) this.table.draw(epochTable(runs, hidden), runs.length > 1);
    else this.drawCharts(plans);
    this.announcer.say(runs.map(summary).join(' '));
  }

  private drawCharts(plans: ChartPlan[]): void {
    const { axis, log, smoothing, zoom } = this.saved.get();
    const span = zoom ?? fullSpan(plans, axis);
    this.charts.draw(plans, { axis, log, smoothing, span, theme: this.theme });
    this.toolbar.showZoom(zoom !== null);
  }

  private drawCards(runs: readonly RunView[], hidden: ReadonlySet<string>): void {
    for (const [id, card] of this.cards)
      if (!runs.some((run) => run.id === id)) {
        card.root.remove();
        this.cards.delete(id);
      }
    for (const [index, run] of runs.entries()) {
      const card = this.cards.get(run.id) ?? new RunCard(run.id, this.actions());
      this.cards.set(run.id, card);
      if (this.cardList.children[index] !== card.root)
        this.cardList.insertBefore(card.root, this.cardList.children[index] ?? null);
      card.draw(run, { index, count: runs.length, hidden });
    }
  }

  private actions(): RunActions {
    const { host } = this;
    return {
      stop: (id) => host.stop(id),
      openReport: (id) => host.openReport(id),
      openActivations: (id) => host.openActivations(id),
      exportCsv: (id) => host.exportCsv(id),
      toggleStage: (key) => {
        const hidden = new Set(this.saved.get().hidden);
        if (!hidden.delete(key)) hidden.add(key);
        this.arrange({ hidden: [...hidden] });
      },
    };
  }

  private showEmptyState(runs: readonly RunView[]): void {
    if (runs.some((run) => run.state.failure)) this.showState('');
    else if (runs.length > 0)
      this.showState('waiting', () =>
        emptyBlock('Waiting for the first step…', 'The curves start with the first logged batch.'),
      );
    else
      this.showState('none', () => {
        const choose = button('Choose runs…', { look: 'primary', press: () => void this.host.chooseRuns() });
        return emptyBlock('No run is chosen.', 'Choose one or several to see their curves.', choose);
      });
  }

  private showState(name: string, make?: () => HTMLElement): void {
    if (name === this.shownState) return;
    this.shownState = name;
    fill(this.state, make?.());
  }
}

/** What is read out of the newest numbers. */
const shown = new Set(['loss', ...Object.values(mainMetric).map((name) => `val_${name}`)]);

/** “mnist: Training. student, epoch 3 of 10 · 20 %. val_acc 91.20 %.” */
const summary = (run: RunView): string => {
  const stage = run.state.stages[run.state.stage]?.name ?? '';
  const newest = Object.entries(run.state.latest)
    .filter(([name]) => shown.has(name.slice(stage.length + 1)) && name.startsWith(`${stage}/`))
    .map(
      ([name, value]) =>
        `${name.slice(stage.length + 1)} ${formatMetric(name.slice(stage.length + 1), value)}`,
    );
  return [`${run.name}: ${statusWords[run.state.status]}`, progressWords(run), ...newest]
    .filter(Boolean)
    .join('. ');
};
