import type { ProfileComparison } from '../../engine/contract/profile';
import { element, fill, setText } from '../shared/element';

/** A page that is narrower shows the layers first. */
const wide = 700;

/** What limits the student, worst first; each sentence leads to its layer. */
export class LimitList {
  readonly root = element('details', { class: 'limits', hidden: true });
  private readonly title = element('summary', {});
  private readonly list = element('ol', {});

  constructor(private readonly choose: (layer: string) => void) {
    this.root.open = window.innerWidth >= wide;
    this.root.append(this.title, this.list);
  }

  draw(limits: ProfileComparison['limits'], owner: string): void {
    this.root.hidden = limits.length === 0;
    setText(this.title, `What limits ${owner}`);
    fill(this.list, ...limits.map((limit) => element('li', {}, this.sentence(limit))));
  }

  private sentence({ layer, sentence }: ProfileComparison['limits'][number]): HTMLElement {
    return element(
      'button',
      { class: 'limit', title: `Show ${layer}`, on: { click: () => this.choose(layer) } },
      sentence,
    );
  }
}
