import type { MethodInfo } from '../../engine/contract/model';
import type { Proposal } from '../../engine/contract/profile';
import type { Pair } from '../../engine/contract/recipe';
import { button } from '../shared/controls';
import { element, fill } from '../shared/element';
import { icon } from '../shared/icons';
import { formatCount } from '../shared/format';
import { type Draft, type TakenPairs, pairKey, usesOf } from './draft';
import { type Offer, type PairShapes, adapterWords, ckaOf, offersFor, proposedPair } from './offers';
import { shapeWords } from './layerRows';
import { formatMilliseconds } from './metrics';

export interface PairPanelEvents {
  choose(key: string): void;
  add(teacher: string, student: string): void;
  remove(key: string): void;
  adapter(key: string, adapter: Pick<Pair, 'adapter' | 'channels'>): void;
  use(loss: number, pair: Pair, isUsed: boolean): void;
}

export interface PairView {
  draft: Draft;
  methods: readonly MethodInfo[];
  taken: TakenPairs;
  proposal: Proposal | null;
  /** Shapes of what a pair matches. */
  shapesOf(pair: Pick<Pair, 'teacher' | 'student'>): PairShapes;
  /** The chosen pair: one of the draft, or one that might be added. */
  chosen: Pick<Pair, 'teacher' | 'student'> | null;
}

/** The pairs of the draft, and what is offered for the chosen one. */
export class PairPanel {
  readonly root = element('section', { class: 'pair-panel', aria: { label: 'Pairs' } });

  constructor(private readonly events: PairPanelEvents) {}

  draw(view: PairView): void {
    const { draft, chosen } = view;
    const chosenKey = chosen && pairKey(chosen);
    const isListed = draft.pairs.some((pair) => pairKey(pair) === chosenKey);
    const hint = 'None yet. Press p on a layer, or drag from its port to a layer of the other network.';
    const focused = this.root.contains(document.activeElement) ? document.activeElement?.id : '';
    fill(
      this.root,
      element('h3', {}, 'Pairs'),
      draft.pairs.length > 0
        ? element('div', { class: 'pair-list' }, ...draft.pairs.map((pair) => this.item(pair, view)))
        : element('p', { class: 'hint' }, hint),
      chosen && !isListed ? this.candidate(chosen, view) : null,
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  private item(pair: Pair, view: PairView): HTMLElement {
    const key = pairKey(pair);
    const isChosen = view.chosen !== null && pairKey(view.chosen) === key;
    const uses = usesOf(view.draft, pair, view.methods, view.taken);
    const isUsed = uses.some((use) => use.isUsed);
    return element(
      'div',
      { class: isChosen ? 'pair-item chosen' : 'pair-item', data: { pair: key } },
      this.head(pair, view, isUsed, isChosen),
      isChosen ? this.more(pair, view, uses) : null,
    );
  }

  private head(pair: Pair, { draft, proposal }: PairView, isUsed: boolean, isChosen: boolean): HTMLElement {
    const key = pairKey(pair);
    const names = [pair.teacher, element('span', { class: 'arrow' }, ' → '), pair.student];
    return element(
      'button',
      {
        class: isUsed ? 'pair-head' : 'pair-head unused',
        id: `pair-${draft.pairs.indexOf(pair)}`,
        title: isUsed ? '' : 'No chosen method takes this pair',
        aria: { expanded: isChosen },
        on: {
          click: () => this.events.choose(key),
          keydown: (event) => {
            if (event.key === 'Delete') this.events.remove(key);
          },
        },
      },
      element('span', { class: 'pair-names' }, ...names),
      element('span', { class: 'pair-adapter' }, adapterWords(pair.adapter)),
      element('span', { class: 'pair-cka', title: 'Linear CKA' }, ckaOf(proposal, pair)),
    );
  }

  private more(pair: Pair, view: PairView, uses: ReturnType<typeof usesOf>): HTMLElement {
    const known = proposedPair(view.proposal, pair);
    const { teacher, student } = view.shapesOf(pair);
    const shapes = `${shapeWords(teacher)} ← ${shapeWords(student)}`;
    return element(
      'div',
      { class: 'pair-more' },
      element('p', { class: 'pair-shapes' }, shapes),
      known ? element('p', { class: 'reason' }, known.reason) : null,
      this.offers(pair, view),
      this.uses(pair, uses),
      button('Remove this pair', { icon: 'close', press: () => this.events.remove(pairKey(pair)) }),
    );
  }

  /** A pair that is looked at and not in the draft. */
  private candidate({ teacher, student }: Pick<Pair, 'teacher' | 'student'>, view: PairView): HTMLElement {
    const pair: Pair = { teacher, student, adapter: 'auto' };
    return element(
      'div',
      { class: 'pair-item candidate' },
      element('p', { class: 'pair-names' }, `${teacher} → ${student}`),
      element('p', { class: 'hint' }, `Not paired. CKA ${ckaOf(view.proposal, pair) || 'not measured'}.`),
      button('Add this pair', { icon: 'plus', press: () => this.events.add(teacher, student) }),
    );
  }

  private offers(pair: Pair, { proposal, shapesOf }: PairView): HTMLElement {
    const key = pairKey(pair);
    const rows = offersFor(pair, proposal, shapesOf(pair)).map((offer, index) =>
      this.offer(offer, pair.adapter === offer.kind, `${key} ${index}`, () =>
        this.events.adapter(key, { adapter: offer.kind, channels: offer.channels }),
      ),
    );
    const heading = (words: string, title: string, isText = false): HTMLElement =>
      element('th', { class: isText ? 'text' : '', title }, words);
    return element(
      'table',
      { class: 'numbers offers' },
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          heading('Adapter', 'The train-only module that makes the pair comparable', true),
          heading('Params', 'Weights that are trained along and dropped'),
          heading('Time', 'Added to a training step'),
          heading('R²', 'How well it can fit, on samples held back'),
        ),
      ),
      element('tbody', { role: 'radiogroup', aria: { label: 'Adapter' } }, ...rows),
    );
  }

  private offer(
    { kind, parameters, milliseconds, fit, recommended }: Offer,
    isChosen: boolean,
    id: string,
    press: () => void,
  ): HTMLElement {
    const radio = element('input', { id: `adapter ${id}`, on: { change: press } });
    radio.type = 'radio';
    radio.name = 'adapter';
    radio.checked = isChosen;
    const mark = recommended ? recommendedMark() : null;
    return element(
      'tr',
      { class: isChosen ? 'chosen' : '' },
      element('td', { class: 'text' }, element('label', {}, radio, adapterWords(kind), mark)),
      element('td', {}, parameters === null ? '–' : formatCount(parameters)),
      element('td', {}, milliseconds === null ? '–' : formatMilliseconds(milliseconds)),
      element('td', {}, fit === null ? '–' : fit.toFixed(2)),
    );
  }

  private uses(pair: Pair, uses: ReturnType<typeof usesOf>): HTMLElement | null {
    if (uses.length === 0) return element('p', { class: 'hint' }, 'No chosen method matches layers.');
    return element(
      'fieldset',
      { class: 'uses' },
      element('legend', {}, 'Taken by'),
      ...uses.map(({ loss, at, title, isUsed, adapts }) => {
        const box = element('input', {
          id: `use ${at} ${loss.method}`,
          on: { change: () => this.events.use(at, pair, box.checked) },
        });
        box.type = 'checkbox';
        box.checked = isUsed;
        const words = adapts ? loss.method : `${loss.method} (without adapter)`;
        return element('label', { title }, box, words);
      }),
    );
  }
}

const recommendedMark = (): HTMLElement =>
  element(
    'span',
    { class: 'recommended', title: 'Recommended' },
    icon('check'),
    element('span', { class: 'visually-hidden' }, 'recommended'),
  );
