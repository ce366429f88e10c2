import { element, fill } from '../shared/element';
import { icon } from '../shared/icons';
import { type NetworkName, type Tap, shapeWords } from './layerModel';

export interface LayerListEvents {
  choose(network: NetworkName, tap: string): void;
  /** Go to the line that makes it. */
  reveal(network: NetworkName, tap: string): void;
}

/** The taps of one network, in the order of execution. */
export class LayerList {
  readonly root: HTMLElement;
  private readonly list: HTMLElement;
  private taps: Tap[] = [];
  private chosen = -1;

  constructor(
    private readonly network: NetworkName,
    private readonly events: LayerListEvents,
  ) {
    const title = network === 'teacher' ? 'Teacher' : 'Student';
    this.list = element('ul', {
      class: 'layer-list',
      role: 'listbox',
      tabIndex: 0,
      aria: { label: `Layers of the ${network}` },
      on: { keydown: (event) => this.pressed(event) },
    });
    this.root = element(
      'section',
      { class: 'layers', data: { network } },
      element('h3', {}, title),
      this.list,
    );
  }

  draw(taps: Tap[]): void {
    this.taps = taps;
    this.root.hidden = taps.length === 0;
    fill(this.list, ...taps.map((tap, index) => this.option(tap, index)));
  }

  /** Marks the tap that is shown; null for none. */
  mark(tap: string | null): void {
    this.chosen = this.taps.findIndex((one) => one.name === tap);
    for (const [index, option] of [...this.list.children].entries())
      option.setAttribute('aria-selected', String(index === this.chosen));
    const option = this.list.children[this.chosen];
    if (option) {
      this.list.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    } else this.list.removeAttribute('aria-activedescendant');
  }

  private option(tap: Tap, index: number): HTMLElement {
    const matched = tap.methods.join(', ');
    const mark = matched
      ? element('span', { class: 'layer-method', title: `Matched by ${matched}` }, icon('link'), matched)
      : null;
    return element(
      'li',
      {
        class: 'layer',
        id: `${this.network}-layer-${index}`,
        role: 'option',
        title: `${tap.name} (${tap.kind})${tap.hasCode ? ' – double-click or Enter goes to its code' : ''}`,
        data: { tap: tap.name },
        aria: { selected: false },
        on: {
          click: () => this.events.choose(this.network, tap.name),
          dblclick: () => this.events.reveal(this.network, tap.name),
        },
      },
      element('span', { class: 'layer-name' }, tap.name),
      mark,
      element('span', { class: 'layer-shape' }, shapeWords(tap.shape)),
    );
  }

  private pressed(event: KeyboardEvent): void {
    const last = this.taps.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: Math.min(this.chosen + 1, last),
      ArrowUp: Math.max(this.chosen - 1, 0),
      Home: 0,
      End: last,
    };
    const to = moves[event.key];
    const current = this.taps[this.chosen];
    if (to !== undefined) this.events.choose(this.network, this.taps[to]?.name ?? '');
    else if (event.key === 'Enter' && current) this.events.reveal(this.network, current.name);
    else return;
    event.preventDefault();
  }
}
