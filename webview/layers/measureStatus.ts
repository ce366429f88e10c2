import type { ProfileComparison } from '../../engine/contract/profile';
import { button, progressRing } from '../shared/controls';
import { element, fill } from '../shared/element';

/** How the measuring goes, and whether what was measured still holds. */
export class MeasureStatus {
  readonly root = element('div', { class: 'status-line', role: 'status' });
  readonly notice = element('div', { class: 'notice', hidden: true, role: 'status' });

  constructor(private readonly again: () => void) {}

  idle(): void {
    fill(this.root);
  }

  busy(words: string): void {
    fill(this.root, progressRing(), words);
  }

  measured({ student }: ProfileComparison): void {
    const again = button('Measure again', { icon: 'refresh', look: 'icon', press: this.again });
    fill(this.root, `Measured on ${student.backend.description}`, again);
  }

  /** A file was changed since. */
  outdated(file: string): void {
    const again = button('Measure again', { icon: 'refresh', press: this.again });
    this.notice.hidden = false;
    fill(this.notice, `${file} has changed since it was measured.`, again);
  }

  fresh(): void {
    this.notice.hidden = true;
  }
}
