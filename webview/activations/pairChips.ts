import type { RunModels } from '../../engine/contract/calls';
import { element, fill } from '../shared/element';
import type { Selection } from './layerModel';

/** The matched layers, each a button that shows both. */
export class PairChips {
  readonly root = element('div', { class: 'pairs', role: 'group', aria: { label: 'Matched layers' } });
  private pairs: RunModels['pairs'] = [];

  constructor(private readonly choose: (selection: Selection) => void) {}

  draw(pairs: RunModels['pairs']): void {
    this.pairs = pairs;
    this.root.hidden = pairs.length === 0;
    fill(
      this.root,
      element('span', { class: 'pairs-title' }, 'Matched'),
      ...pairs.map((pair) => this.chip(pair)),
    );
  }

  mark(selection: Selection | null): void {
    for (const [index, chip] of [...this.root.querySelectorAll('button')].entries()) {
      const pair = this.pairs[index];
      const isShown =
        selection !== null &&
        pair !== undefined &&
        pair[selection.network] === selection.tap &&
        pair[selection.network === 'teacher' ? 'student' : 'teacher'] === selection.partner;
      chip.setAttribute('aria-pressed', String(isShown));
    }
  }

  private chip({ method, teacher, student, adapter }: RunModels['pairs'][number]): HTMLElement {
    return element(
      'button',
      {
        class: 'pair',
        title: `${method} matches ${teacher} of the teacher with ${student} of the student; adapter: ${adapter}`,
        aria: { pressed: false },
        on: { click: () => this.choose({ network: 'student', tap: student, partner: teacher }) },
      },
      element('span', { class: 'pair-method' }, method),
      `${teacher} ↔ ${student}`,
    );
  }
}
