import type { Failure } from '../../engine/contract/failure';
import type { LayersSubject } from '../../engine/contract/pages';
import type { ProfileComparison } from '../../engine/contract/profile';
import type { Pair } from '../../engine/contract/recipe';
import { Announcer } from '../shared/a11y';
import { button, progressRing, setDisabled } from '../shared/controls';
import { element, fill, pageRoot, setText } from '../shared/element';
import { icon } from '../shared/icons';
import { failedBlock, loadingBlock } from '../shared/states';
import { pairKey } from './draft';
import { HeatMap } from './heatMap';
import { LayerDetails } from './layerDetails';
import { type GridView, LayerGrid } from './layerGrid';
import type { LayerCost, LayerRow, NetworkName } from './layerRows';
import { LimitList } from './limitList';
import { MethodPanel, type MethodView } from './methodPanel';
import { MeasureStatus } from './measureStatus';
import type { Metric } from './metrics';
import type { Link } from './pairLinks';
import { PairPanel, type PairView } from './pairPanel';
import { SummaryTable } from './summaryTable';
import { type Toolbar, layersToolbar } from './toolbar';

/** What the user may do on the page. */
export interface LayersEvents {
  choose(network: NetworkName, layer: string): void;
  reveal(network: NetworkName, layer: string): void;
  toggleStage(index: number): void;
  stages(areOpen: boolean): void;
  metric(metric: Metric): void;
  fold(isFolded: boolean): void;
  search(filter: string): void;
  choosePair(key: string): void;
  choosePairOf(teacher: string, student: string): void;
  addPair(teacher: string, student: string): void;
  /** Without a key, the chosen one. */
  removePair(key?: string): void;
  pairAt(network: NetworkName, layer: string): void;
  cancelPair(): void;
  adapter(key: string, adapter: Pick<Pair, 'adapter' | 'channels'>): void;
  use(loss: number, pair: Pair, isUsed: boolean): void;
  method(method: string, isChosen: boolean): void;
  weight(loss: number, weight: number | null): void;
  chooseModel(network: NetworkName): void;
  swap(): void;
  chooseData(): void;
  measureAgain(): void;
  write(): void;
}

/** What the draft looks like. */
export interface DraftView {
  links: readonly Link[];
  pairs: PairView;
  methods: MethodView;
  /** Why it cannot be written. */
  problem: string | null;
}

/** The page's parts and how they lie. */
export class LayersView {
  private readonly root = pageRoot('layers-page');
  private readonly announcer = new Announcer(0);
  private readonly title = element('h2', { class: 'title' });
  private readonly status: MeasureStatus;
  private readonly trouble = element('div', { class: 'trouble' });
  private readonly summary: SummaryTable;
  private readonly limits: LimitList;
  private readonly toolbar: Toolbar;
  private readonly pairing = element('p', { class: 'pairing-words', hidden: true });
  private readonly grid: LayerGrid;
  private readonly details: LayerDetails;
  private readonly pairs: PairPanel;
  private readonly heat: HeatMap;
  private readonly methods: MethodPanel;
  private readonly data = element('section', { class: 'data-line' });
  private readonly warnings = element('section', { class: 'warnings', hidden: true });
  private readonly comparingLine = element('p', { class: 'comparing', hidden: true });
  private readonly proposalTrouble = element('div', { class: 'trouble' });
  private readonly problem = element('p', { class: 'problem' });
  private readonly writeButton: HTMLElement;
  private readonly swapButton: HTMLElement;
  private readonly inspector: HTMLElement;
  private readonly body: HTMLElement;
  private links: readonly Link[] = [];

  constructor(private readonly events: LayersEvents) {
    this.status = new MeasureStatus(events.measureAgain);
    this.summary = new SummaryTable(events);
    this.limits = new LimitList((layer) => events.choose('student', layer));
    this.toolbar = layersToolbar(events);
    this.grid = new LayerGrid({
      ...events,
      removePair: () => events.removePair(),
      search: () => this.toolbar.search.focus(),
    });
    this.details = new LayerDetails(events);
    this.pairs = new PairPanel({
      ...events,
      choose: events.choosePair,
      add: events.addPair,
      remove: events.removePair,
    });
    this.heat = new HeatMap({ choose: events.choosePairOf });
    this.methods = new MethodPanel({ choose: events.method, weight: events.weight });
    this.writeButton = button('Write recipe', { look: 'primary', press: events.write });
    this.swapButton = button('Swap teacher and student', { icon: 'swap', look: 'icon', press: events.swap });
    this.inspector = this.makeInspector();
    this.body = this.makeBody();
    fill(this.comparingLine, progressRing(), 'Comparing the layers…');
  }

  loading(): void {
    fill(this.root, loadingBlock('Opening the networks…'));
  }

  failed(failure: Failure, retry: () => void): void {
    fill(this.root, failedBlock(failure, retry));
  }

  /** Shows the page for a subject; its parts are drawn after. */
  open(subject: LayersSubject): void {
    const { teacher, student, recipe } = subject;
    setText(this.title, recipe ? recipe.name : teacher ? `${teacher.name} → ${student.name}` : student.name);
    this.swapButton.hidden = !teacher || recipe !== null;
    this.root.classList.toggle('alone', !teacher);
    this.inspector.classList.toggle('alone', !teacher);
    this.nameWriting(recipe ? 'Update recipe' : 'Write recipe');
    this.status.fresh();
    fill(this.trouble);
    fill(this.proposalTrouble);
    this.drawData(subject);
    if (this.body.parentElement !== this.root) fill(this.root, this.body, this.announcer.root);
  }

  draw(
    subject: LayersSubject,
    comparison: ProfileComparison | null,
    view: GridView,
    look: { isFolded: boolean; filter: string },
  ): void {
    this.summary.draw(subject, comparison);
    this.limits.draw(comparison?.limits ?? [], subject.teacher ? 'the student' : subject.student.name);
    this.toolbar.draw({ metric: view.metric, ...look });
    this.grid.draw(view);
  }

  drawDraft({ links, pairs, methods, problem }: DraftView): void {
    this.links = links;
    this.grid.drawLinks(links);
    this.pairs.draw(pairs);
    this.drawWarnings(pairs.proposal?.warnings ?? []);
    this.heat.draw(pairs.proposal);
    this.heat.mark(new Set(links.map(({ key }) => key)), pairs.chosen && pairKey(pairs.chosen));
    this.methods.draw(methods);
    setText(this.problem, problem ?? '');
    setDisabled(this.writeButton, problem !== null);
  }

  mark(
    layer: { network: NetworkName; layer: LayerCost; row: LayerRow } | null,
    pair: { teacher: string; student: string } | null,
  ): void {
    const key = pair && pairKey(pair);
    this.grid.mark(
      layer && { network: layer.network, layer: layer.layer.name },
      pair && { ...pair, key: key ?? '' },
    );
    this.details.draw(layer, !this.inspector.classList.contains('alone'));
  }

  markPending(pending: { network: NetworkName; layer: string } | null): void {
    this.grid.markPending(pending);
    const other = pending?.network === 'teacher' ? 'student' : 'teacher';
    const words = pending
      ? `Pairing ${pending.layer} of the ${pending.network}: choose a layer of the ${other}, or press p on it. Escape gives up.`
      : '';
    this.pairing.hidden = pending === null;
    setText(this.pairing, words);
    if (words) this.say(words);
  }

  busy(words: string): void {
    this.status.busy(words);
  }

  measured(comparison: ProfileComparison): void {
    this.status.measured(comparison);
  }

  measuringFailed(failure: Failure, retry: () => void): void {
    this.status.idle();
    fill(this.trouble, failedBlock(failure, retry));
  }

  comparing(isBusy: boolean): void {
    this.comparingLine.hidden = !isBusy;
    if (isBusy) fill(this.proposalTrouble);
  }

  proposingFailed(failure: Failure, retry: () => void): void {
    fill(this.proposalTrouble, failedBlock(failure, retry));
  }

  outdated(file: string): void {
    this.status.outdated(file);
  }

  written(file: string): void {
    fill(this.proposalTrouble, element('p', { class: 'written', role: 'status' }, `Wrote ${file}.`));
  }

  writingFailed(failure: Failure): void {
    fill(this.proposalTrouble, failedBlock(failure));
  }

  say(sentence: string): void {
    this.announcer.say(sentence);
  }

  private nameWriting(words: string): void {
    setText(this.writeButton, words);
    this.writeButton.setAttribute('aria-label', words);
  }

  private drawWarnings(sentences: readonly string[]): void {
    this.warnings.hidden = sentences.length === 0;
    fill(
      this.warnings,
      ...sentences.map((sentence) => element('p', { class: 'warning' }, icon('warning'), sentence)),
    );
  }

  private drawData({ data, teacher, recipe }: LayersSubject): void {
    const words =
      data === null ? 'Compared on noise: choose data for figures that mean something.' : `Data: ${data}`;
    const choose = button(data === null ? 'Choose data…' : 'Change…', { press: this.events.chooseData });
    this.data.hidden = !teacher;
    fill(this.data, element('span', {}, words), recipe ? null : choose);
  }

  private makeInspector(): HTMLElement {
    const choose = button('Choose a teacher…', { press: () => this.events.chooseModel('teacher') });
    const teach = button('Use it as the teacher…', { press: this.events.swap });
    const hint = element(
      'section',
      { class: 'alone-hint' },
      element('p', {}, 'With a teacher beside it, its layers can be matched and a recipe be written.'),
      element('div', { class: 'details-tools' }, choose, teach),
    );
    const parts = [
      this.warnings,
      this.details.root,
      this.pairs.root,
      this.heat.root,
      this.methods.root,
      this.data,
      hint,
    ];
    const footer = element(
      'footer',
      { class: 'write' },
      this.proposalTrouble,
      this.problem,
      this.writeButton,
    );
    return element(
      'aside',
      { class: 'inspector', aria: { label: 'Pairs, methods and the recipe' } },
      element('div', { class: 'inspector-parts' }, this.comparingLine, ...parts),
      footer,
    );
  }

  private makeBody(): HTMLElement {
    const head = element(
      'header',
      { class: 'top' },
      this.title,
      this.status.root,
      element('span', { class: 'toolbar-gap' }),
      this.swapButton,
    );
    const tools = element('div', { class: 'sticky-tools' }, this.toolbar.root, this.pairing);
    const main = element(
      'div',
      { class: 'main' },
      head,
      this.status.notice,
      this.trouble,
      this.summary.root,
      this.limits.root,
      tools,
      this.grid.root,
    );
    const place = (): void => main.style.setProperty('--tools', `${tools.offsetHeight}px`);
    new ResizeObserver(place).observe(tools);
    return element('div', { class: 'frame' }, main, this.inspector);
  }
}
