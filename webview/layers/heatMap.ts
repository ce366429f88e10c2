import type { Proposal } from '../../engine/contract/profile';
import { gridMove } from '../shared/a11y';
import { element, fill, setText } from '../shared/element';
import { pairKey } from './draft';

export interface HeatMapEvents {
  /** A teacher's and a student's candidate were chosen, paired or not. */
  choose(teacher: string, student: string): void;
}

/** How alike the candidates of both networks are, teacher down, student across. */
export class HeatMap {
  readonly root = element('section', { class: 'similarity', hidden: true });
  private readonly words = element('p', { class: 'similarity-words' });
  private readonly table = element('div', {
    class: 'heat',
    role: 'grid',
    aria: { label: 'Similarity of the candidates, teacher down, student across' },
    on: {
      keydown: (event) => this.pressed(event),
      focusin: (event) => this.point(event.target),
      pointerover: (event) => this.point(event.target),
      pointerleave: () => this.tell(null),
      click: (event) => this.clicked(event.target),
    },
  });
  private proposal: Proposal | null = null;

  constructor(private readonly events: HeatMapEvents) {
    const title = element(
      'h3',
      { title: 'Linear CKA: 1 where two layers tell samples apart alike' },
      'Similarity',
    );
    this.root.append(title, this.table, this.words);
  }

  draw(proposal: Proposal | null): void {
    if (proposal === this.proposal) return;
    this.proposal = proposal;
    const isWorth =
      proposal !== null && proposal.similarity.some((row) => row.some((value) => value !== null));
    this.root.hidden = !isWorth;
    if (!proposal || !isWorth) return;
    const { teacher, student } = proposal.candidates;
    this.table.style.setProperty('--columns', String(student.length));
    const rows = teacher.map((row, down) =>
      element(
        'div',
        { class: 'heat-row', role: 'row' },
        element('span', { class: 'heat-name', role: 'rowheader', title: row.tap }, row.tap),
        ...student.map((column, across) =>
          heatCell(row.tap, column.tap, proposal.similarity[down]?.[across] ?? null),
        ),
      ),
    );
    const names = student.map(({ tap }) =>
      element('span', { class: 'heat-column', role: 'columnheader', title: tap }, element('span', {}, tap)),
    );
    const foot = element('div', { class: 'heat-row heat-foot', role: 'row' }, element('span', {}), ...names);
    fill(this.table, ...rows, foot);
    this.cells()[0]?.setAttribute('tabindex', '0');
    this.tell(null);
  }

  /** Marks the cells of the draft's pairs, and the chosen one. */
  mark(pairs: ReadonlySet<string>, chosen: string | null): void {
    for (const cell of this.cells()) {
      const key = keyOf(cell);
      cell.classList.toggle('paired', pairs.has(key));
      cell.setAttribute('aria-selected', String(key === chosen));
    }
  }

  private cells(): HTMLElement[] {
    return [...this.table.querySelectorAll<HTMLElement>('.heat-cell')];
  }

  private pressed(event: KeyboardEvent): void {
    const cells = this.cells();
    const at = cells.findIndex((cell) => cell === event.target);
    if (at < 0) return;
    if (event.key === 'Enter' || event.key === ' ') this.clicked(event.target);
    else {
      const columns = this.proposal?.candidates.student.length ?? 1;
      const to = gridMove(event.key, event.ctrlKey, at, cells.length, columns);
      if (to === null) return;
      cells[at]?.setAttribute('tabindex', '-1');
      cells[to]?.setAttribute('tabindex', '0');
      cells[to]?.focus();
    }
    event.preventDefault();
  }

  private clicked(target: EventTarget | null): void {
    const cell = heatCellAt(target);
    if (cell) this.events.choose(cell.dataset['teacher'] ?? '', cell.dataset['student'] ?? '');
  }

  private point(target: EventTarget | null): void {
    this.tell(heatCellAt(target));
  }

  private tell(cell: HTMLElement | null): void {
    const { probe } = this.proposal ?? {};
    const source = probe?.source === 'noise' ? 'on noise' : `on ${probe?.samples ?? 0} samples`;
    setText(
      this.words,
      cell?.getAttribute('aria-label') ?? `Teacher down, student across; measured ${source}.`,
    );
  }
}

const heatCellAt = (target: EventTarget | null): HTMLElement | null =>
  target instanceof Element ? target.closest<HTMLElement>('.heat-cell') : null;

const keyOf = (cell: HTMLElement): string =>
  pairKey({ teacher: cell.dataset['teacher'] ?? '', student: cell.dataset['student'] ?? '' });

const heatCell = (teacher: string, student: string, value: number | null): HTMLElement => {
  const words = value === null ? 'not compared' : `CKA ${value.toFixed(2)}`;
  const cell = element('span', {
    class: value === null ? 'heat-cell none' : 'heat-cell',
    role: 'gridcell',
    tabIndex: -1,
    data: { teacher, student },
    aria: { label: `${teacher} with ${student}: ${words}`, selected: false },
  });
  if (value !== null) cell.style.setProperty('--heat', String(Math.max(0, Math.min(1, value))));
  return cell;
};
