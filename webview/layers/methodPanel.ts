import type { MethodInfo } from '../../engine/contract/model';
import type { LossDraft } from '../../engine/contract/pages';
import type { MethodOffer } from '../../engine/contract/profile';
import { element, fill } from '../shared/element';
import { icon } from '../shared/icons';

export interface MethodPanelEvents {
  choose(method: string, isChosen: boolean): void;
  weight(loss: number, weight: number | null): void;
}

export interface MethodView {
  methods: readonly MethodInfo[];
  offers: readonly MethodOffer[];
  losses: readonly LossDraft[];
}

/** The methods that a recipe may combine: the chosen ones, those that suit, and the rest behind a fold. */
export class MethodPanel {
  readonly root = element('section', { class: 'method-panel', aria: { label: 'Methods' } });
  private isOpen = false;

  constructor(private readonly events: MethodPanelEvents) {}

  draw(view: MethodView): void {
    const focused = this.root.contains(document.activeElement) ? document.activeElement?.id : '';
    const { chosen, suiting, others } = sortMethods(view);
    const rest = element(
      'details',
      { class: 'other-methods' },
      element('summary', {}, `${others.length} that suit less`),
      ...others.map((method) => this.item(method, view)),
    );
    rest.open = this.isOpen;
    rest.addEventListener('toggle', () => (this.isOpen = rest.open));
    fill(
      this.root,
      element('h3', {}, 'Methods'),
      ...[...chosen, ...suiting].map((method) => this.item(method, view)),
      others.length > 0 ? rest : null,
    );
    if (focused) document.getElementById(focused)?.focus();
  }

  private item(method: MethodInfo, { offers, losses }: MethodView): HTMLElement {
    const offer = offers.find((one) => one.method === method.id);
    const own = losses.flatMap((loss, at) => (loss.method === method.id ? [{ loss, at }] : []));
    const box = element('input', {
      id: `method-${method.id}`,
      on: { change: () => this.events.choose(method.id, box.checked) },
    });
    box.type = 'checkbox';
    box.checked = own.length > 0;
    const warning = offer && !offer.suits ? offer.reason : offer?.warning;
    return element(
      'div',
      { class: own.length > 0 ? 'method chosen' : 'method', data: { method: method.id } },
      element(
        'div',
        { class: 'method-line' },
        element(
          'label',
          { title: `${method.summary}\n${method.source}` },
          box,
          element('span', { class: 'method-title' }, method.title),
        ),
        ...own.map(({ loss, at }) => this.weight(method, loss, at)),
      ),
      element('p', { class: 'method-reason', title: method.summary }, method.summary),
      warning ? element('p', { class: 'method-warning' }, icon('warning'), warning) : null,
    );
  }

  private weight(method: MethodInfo, loss: LossDraft, at: number): HTMLElement {
    const input = element('input', {
      id: `weight-${at}`,
      class: 'weight',
      title: 'Multiplies the loss; empty takes the method’s published weight',
      aria: { label: `Weight of ${method.title}` },
      on: { change: () => this.events.weight(at, readWeight(input.value)) },
    });
    input.type = 'number';
    input.min = '0';
    input.step = 'any';
    input.placeholder = String(method.defaultWeight);
    input.value = loss.weight === null ? '' : String(loss.weight);
    return input;
  }
}

/** What was typed, as a weight; null for nothing, or for what is none. */
const readWeight = (typed: string): number | null => {
  const weight = Number(typed);
  return typed.trim() === '' || !Number.isFinite(weight) || weight < 0 ? null : weight;
};

/** In the order of the offers. */
const sortMethods = ({ methods, offers, losses }: MethodView) => {
  const chosenIds = new Set(losses.map((loss) => loss.method));
  const rank = (id: string): number => {
    const at = offers.findIndex((offer) => offer.method === id);
    return at < 0 ? offers.length : at;
  };
  const ordered = [...methods].sort((one, other) => rank(one.id) - rank(other.id));
  const suits = (id: string): boolean => {
    const offer = offers.find((one) => one.method === id);
    return offers.length === 0 || (offer !== undefined && offer.suits && offer.warning === null);
  };
  return {
    chosen: methods.filter(({ id }) => chosenIds.has(id)),
    suiting: ordered.filter(({ id }) => !chosenIds.has(id) && suits(id)),
    others: ordered.filter(({ id }) => !chosenIds.has(id) && !suits(id)),
  };
};
