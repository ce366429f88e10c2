import type { ProfileComparison } from '../../engine/contract/profile';
import { element, fill } from '../shared/element';

/** What limits the student, worst first; each sentence leads to its layer. */
export class LimitList {
  readonly root = element('section', { class: 'limits', hidden: true });

  constructor(private readonly choose: (layer: string) => void) {}

  draw(limits: ProfileComparison['limits'], owner: string): void {
    this.root.hidden = limits.length === 0;
    fill(
      this.root,
      element('h3', {}, `What limits ${owner}`),
      element('ol', {}, ...limits.map((limit) => element('li', {}, this.sentence(limit)))),
    );
  }

  private sentence({ layer, sentence }: ProfileComparison['limits'][number]): HTMLElement {
    return element(
      'button',
      { class: 'limit', title: `Show ${layer}`, on: { click: () => this.choose(layer) } },
      sentence,
    );
  }
}
