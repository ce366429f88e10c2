import { element, fill } from '../shared/element';
import { partsFor } from './columns';
import { type SideFacts, headSide, sideFacts, totalSide } from './gridSides';
import type { LayerGridEvents } from './gridEvents';
import { gridKey } from './gridKeys';
import { cellId, lineElement } from './gridLine';
import { type Lattice, type Line, middleOf } from './lattice';
import {
  type LayerCost,
  type LayerRow,
  type NetworkName,
  namesOf,
  networkNames,
  otherNetwork,
} from './layerRows';
import { type Metric } from './metrics';
import { type Link, PairLinks } from './pairLinks';

/** What the grid draws. */
export interface GridView {
  lattice: Lattice;
  layers: Record<NetworkName, readonly LayerCost[] | null>;
  rows: Record<NetworkName, readonly LayerRow[]>;
  metric: Metric;
}

/** Both networks on common lines, with the pairs between them; one network alone where there is no teacher. */
export class LayerGrid {
  readonly root: HTMLElement;
  private readonly head = element('div', { class: 'line grid-head', role: 'row' });
  private readonly lines = element('div', { class: 'lines', role: 'rowgroup' });
  private readonly totals = element('div', { class: 'line totals', role: 'row' });
  private readonly links: PairLinks;
  private view: GridView | null = null;
  private pairs: readonly Link[] = [];
  private shownNetworks: readonly NetworkName[] = networkNames;
  /** Where the keyboard stands. */
  private place: { network: NetworkName; line: number } = { network: 'student', line: 0 };
  private marked: string | null = null;
  private pending: { network: NetworkName; layer: string } | null = null;

  constructor(private readonly events: LayerGridEvents) {
    this.links = new PairLinks((key) => events.choosePair(key));
    this.root = element(
      'div',
      {
        class: 'grid',
        role: 'treegrid',
        aria: { label: 'Layers of teacher and student' },
        on: {
          keydown: (event) => this.pressed(event),
          click: (event) => this.clicked(event),
          dblclick: (event) => this.opened(event),
          pointerdown: (event) => this.dragged(event),
          pointermove: (event) => this.pointed(event),
          focusin: (event) => this.focused(event),
        },
      },
      this.head,
      this.lines,
      this.totals,
    );
    new ResizeObserver(() => requestAnimationFrame(() => this.fit())).observe(this.root);
  }

  draw(view: GridView): void {
    const before = this.heldPlace();
    this.view = view;
    const { lattice, layers, rows, metric } = view;
    this.shownNetworks = layers.teacher ? networkNames : ['student'];
    this.root.classList.toggle('alone', !layers.teacher);
    const facts = (network: NetworkName): SideFacts => sideFacts(network, rows[network], metric);
    const both = { teacher: facts('teacher'), student: facts('student') };
    const sides = (make: (network: NetworkName) => HTMLElement): (HTMLElement | null)[] =>
      this.shownNetworks.flatMap((network, nth) => [nth > 0 ? gutter() : null, make(network)]);
    fill(this.head, ...sides((network) => headSide(network, !layers.teacher)));
    fill(this.lines, this.links.root, ...lattice.lines.map((line, at) => lineElement(line, at, sides, both)));
    fill(this.totals, ...sides((network) => totalSide(layers[network], both[network])));
    this.root.setAttribute('aria-rowcount', String(lattice.lines.length + 2));
    this.fit();
    this.returnTo(before);
  }

  /** What the keyboard stands on, to be found again among other lines. */
  private heldPlace(): { same: (line: Line) => boolean; hasFocus: boolean } {
    const { network, line: at } = this.place;
    const line = this.view?.lattice.lines[at];
    const names = line?.kind === 'layers' ? namesOf(line.row[network]) : [];
    return {
      same: (other) =>
        other.kind === 'stage'
          ? line?.kind === 'stage' && other.index === line.index
          : namesOf(other.row[network]).some((name) => names.includes(name)),
      hasFocus: this.lines.contains(document.activeElement),
    };
  }

  private returnTo({ same, hasFocus }: ReturnType<LayerGrid['heldPlace']>): void {
    const at = this.view?.lattice.lines.findIndex(same) ?? -1;
    this.place.line = Math.max(0, at);
    this.armPlace();
    if (hasFocus) this.nameAt(this.place.network, this.place.line)?.focus({ preventScroll: true });
  }

  drawLinks(pairs: readonly Link[]): void {
    this.pairs = pairs;
    const paired = new Set(pairs.flatMap((pair) => [`teacher ${pair.teacher}`, `student ${pair.student}`]));
    for (const side of this.sides()) {
      const network = side.dataset['network'] ?? '';
      const row = this.rowOf(side);
      const isPaired = row?.layers.some(({ name }) => paired.has(`${network} ${name}`)) ?? false;
      side.classList.toggle('paired', isPaired);
    }
    this.redrawLinks();
  }

  /** Marks the chosen layer and the chosen pair, and brings the layer into view. */
  mark(
    layer: { network: NetworkName; layer: string } | null,
    pair: Pick<Link, 'key' | NetworkName> | null,
  ): void {
    const ends = pair ? { teacher: pair.teacher, student: pair.student } : null;
    for (const side of this.sides()) {
      const network = side.dataset['network'] as NetworkName;
      const names = this.rowOf(side)?.layers.map(({ name }) => name) ?? [];
      const isChosen = layer !== null && layer.network === network && names.includes(layer.layer);
      side.classList.toggle('chosen', isChosen);
      side.classList.toggle('matched', ends !== null && names.includes(ends[network]));
      side.querySelector('.name')?.setAttribute('aria-selected', String(isChosen));
    }
    this.links.mark(pair?.key ?? null);
    const marked = layer && `${layer.network} ${layer.layer}`;
    if (layer && marked !== this.marked) this.goTo(layer.network, layer.layer);
    this.marked = marked;
  }

  /** A pair was started at this layer; null when it is finished or given up. */
  markPending(pending: { network: NetworkName; layer: string } | null): void {
    this.pending = pending;
    this.root.classList.toggle('pairing', pending !== null);
    this.root.dataset['pairing'] = pending ? otherNetwork(pending.network) : '';
    for (const side of this.sides()) {
      const isStart =
        pending !== null &&
        side.dataset['network'] === pending.network &&
        (this.rowOf(side)?.layers.some(({ name }) => name === pending.layer) ?? false);
      side.classList.toggle('pending', isStart);
    }
    this.links.showPreview(null, this.gutterWidth());
  }

  /** Takes the keyboard to the grid. */
  focus(): void {
    this.nameAt(this.place.network, this.place.line)?.focus();
  }

  private goTo(network: NetworkName, layer: string): void {
    const line = this.view?.lattice.lineOf[network].get(layer);
    const at = line && this.view ? this.view.lattice.lines.indexOf(line) : -1;
    if (at < 0) return;
    const hadFocus = this.root.contains(document.activeElement);
    this.place = { network, line: at };
    this.armPlace();
    const name = this.nameAt(network, at);
    if (hadFocus && document.activeElement !== name) name?.focus({ preventScroll: true });
    name?.scrollIntoView({ block: 'nearest' });
  }

  /** Exactly one cell is in the tab order. */
  private armPlace(): void {
    for (const armed of this.lines.querySelectorAll('.name[tabindex="0"]'))
      armed.setAttribute('tabindex', '-1');
    const { network, line } = this.place;
    const name = this.nameAt(network, line) ?? this.lines.querySelector<HTMLElement>('.name');
    name?.setAttribute('tabindex', '0');
  }

  private nameAt(network: NetworkName, line: number): HTMLElement | null {
    return this.lines.querySelector<HTMLElement>(`#${cellId(network, line)}`);
  }

  private sides(): NodeListOf<HTMLElement> {
    return this.lines.querySelectorAll<HTMLElement>('.side.layer');
  }

  private lineAt(target: EventTarget | null): { network: NetworkName; at: number; line: Line } | null {
    const side = target instanceof Element ? target.closest<HTMLElement>('.lines .side') : null;
    const at = Number(side?.closest<HTMLElement>('.line')?.dataset['line']);
    const line = this.view?.lattice.lines[at];
    return side && line ? { network: side.dataset['network'] as NetworkName, at, line } : null;
  }

  private rowOf(side: HTMLElement): LayerRow | null {
    const found = this.lineAt(side);
    return found?.line.kind === 'layers' ? found.line.row[found.network] : null;
  }

  private layerAt(target: EventTarget | null): { network: NetworkName; layer: string } | null {
    const found = this.lineAt(target);
    const row = found?.line.kind === 'layers' ? found.line.row[found.network] : null;
    return found && row ? { network: found.network, layer: row.layers[0].name } : null;
  }

  private pressed(event: KeyboardEvent): void {
    const here = this.lineAt(event.target);
    if (!here || !this.view) return;
    const isDone = gridKey(event, {
      ...here,
      lattice: this.view.lattice,
      pairs: this.pairs,
      isAlone: this.shownNetworks.length === 1,
      isPairing: this.pending !== null,
      events: this.events,
      moveTo: (network, line) => this.moveTo(network, line),
    });
    if (isDone) event.preventDefault();
  }

  private moveTo(network: NetworkName, at: number): void {
    const line = this.view?.lattice.lines[at];
    if (!line) return;
    this.place = { network, line: at };
    this.armPlace();
    const name = this.nameAt(network, at);
    name?.focus({ preventScroll: true });
    name?.scrollIntoView({ block: 'nearest' });
    const row = line.kind === 'layers' ? line.row[network] : null;
    if (row) this.events.choose(network, row.layers[0].name);
  }

  private focused(event: FocusEvent): void {
    const here = this.lineAt(event.target);
    if (!here) return;
    this.place = { network: here.network, line: here.at };
    this.previewTo(middleOf(here.line), here.network);
  }

  private clicked(event: MouseEvent): void {
    const here = this.lineAt(event.target);
    if (!here) return;
    const layer = this.layerAt(event.target);
    if (here.line.kind === 'stage') this.events.toggleStage(here.line.index);
    else if (layer && this.pending && this.pending.network !== layer.network)
      this.events.pairAt(layer.network, layer.layer);
    else if (layer) this.events.choose(layer.network, layer.layer);
    this.place = { network: here.network, line: here.at };
    this.armPlace();
    this.focus();
  }

  private opened(event: MouseEvent): void {
    const layer = this.layerAt(event.target);
    if (layer) this.events.reveal(layer.network, layer.layer);
  }

  /** A pair is drawn from a layer's port to a layer of the other side; a mere click leaves it started. */
  private dragged(event: PointerEvent): void {
    const isPort = event.target instanceof Element && event.target.classList.contains('port');
    const layer = isPort ? this.layerAt(event.target) : null;
    if (!layer) return;
    event.preventDefault();
    this.events.pairAt(layer.network, layer.layer);
    const end = (up: PointerEvent): void => {
      const over = document.elementFromPoint(up.clientX, up.clientY);
      const target = this.layerAt(over);
      if (target && this.pending && target.network !== this.pending.network)
        this.events.pairAt(target.network, target.layer);
    };
    window.addEventListener('pointerup', end, { once: true });
  }

  private pointed(event: PointerEvent): void {
    if (!this.pending) return;
    const over = this.lineAt(event.target);
    const y = event.clientY - this.lines.getBoundingClientRect().top;
    this.previewTo(over ? middleOf(over.line) : y, otherNetwork(this.pending.network));
  }

  private previewTo(y: number, network: NetworkName): void {
    if (!this.pending || network === this.pending.network || !this.view) return;
    const start = this.view.lattice.lineOf[this.pending.network].get(this.pending.layer);
    if (!start) return;
    const from = middleOf(start);
    const ends = this.pending.network === 'teacher' ? { from, to: y } : { from: y, to: from };
    this.links.showPreview(ends, this.gutterWidth());
  }

  private gutterWidth(): number {
    return this.head.querySelector<HTMLElement>('.gutter')?.clientWidth ?? 0;
  }

  private fit(): void {
    const side = this.head.querySelector<HTMLElement>('.side');
    if (!this.view || !side) return;
    const gap = this.gutterWidth();
    this.root.dataset['shown'] = partsFor(side.clientWidth, this.view.metric).join(' ');
    this.links.root.style.left = `${side.clientWidth}px`;
    this.links.root.toggleAttribute('hidden', gap === 0);
    this.redrawLinks();
  }

  private redrawLinks(): void {
    if (!this.view) return;
    const chosen = this.links.root.querySelector<SVGGElement>('.link.chosen')?.dataset['pair'] ?? null;
    this.links.draw(this.pairs, this.view.lattice, this.gutterWidth());
    this.links.mark(chosen);
  }
}

const gutter = (): HTMLElement => element('div', { class: 'gutter', role: 'none' });
