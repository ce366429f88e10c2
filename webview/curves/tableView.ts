import { element, fill, setText } from '../shared/element';
import { formatMetric } from '../shared/format';
import { type EpochTable, type Sorting, sortRows } from './epochTable';

/** The numbers of each epoch as a table whose columns sort. */
export class TableView {
  readonly root: HTMLElement;
  private readonly head = element('thead');
  private readonly body = element('tbody');
  private columns: string[] = [];
  private table: EpochTable = { metrics: [], rows: [] };

  constructor(
    private sorting: Sorting,
    private readonly sorted: (sorting: Sorting) => void,
  ) {
    const caption = element('caption', { class: 'visually-hidden' }, 'Last number of each epoch');
    this.root = element(
      'div',
      { class: 'table-scroll', role: 'region', tabIndex: 0, aria: { label: 'Numbers of each epoch' } },
      element('table', { class: 'numbers' }, caption, this.head, this.body),
    );
  }

  draw(table: EpochTable, severalRuns: boolean): void {
    this.table = table;
    const columns = [...(severalRuns ? ['run'] : []), 'stage', 'epoch', ...table.metrics];
    if (columns.join() !== this.columns.join()) {
      this.columns = columns;
      fill(this.head, element('tr', {}, ...columns.map((column) => this.heading(column))));
    }
    this.drawRows();
  }

  private heading(column: string): HTMLElement {
    const press = element('button', { class: 'sort', on: { click: () => this.sortBy(column) } }, column);
    return element(
      'th',
      { class: isText(column) ? 'text' : '', data: { column }, aria: { sort: 'none' } },
      press,
    );
  }

  private sortBy(column: string): void {
    const again = this.sorting.column === column;
    this.sorting = { column, descending: again ? !this.sorting.descending : false };
    this.sorted(this.sorting);
    this.drawRows();
  }

  private drawRows(): void {
    for (const heading of this.head.querySelectorAll('th')) {
      const isSorted = heading.dataset['column'] === this.sorting.column;
      const order = this.sorting.descending ? 'descending' : 'ascending';
      heading.setAttribute('aria-sort', isSorted ? order : 'none');
    }
    const rows = sortRows(this.table.rows, this.sorting);
    while (this.body.rows.length > rows.length) this.body.deleteRow(-1);
    for (const [index, row] of rows.entries()) {
      const target = this.body.rows[index] ?? this.body.insertRow();
      const texts = this.columns.map((column) => {
        if (column === 'run' || column === 'stage') return row[column];
        if (column === 'epoch') return String(row.epoch);
        return row.values.has(column) ? formatMetric(column, row.values.get(column)) : '';
      });
      fillRow(target, texts, this.columns);
    }
  }
}

const isText = (column: string): boolean => column === 'run' || column === 'stage';

const fillRow = (row: HTMLTableRowElement, texts: readonly string[], columns: readonly string[]): void => {
  while (row.cells.length > texts.length) row.deleteCell(-1);
  for (const [index, text] of texts.entries()) {
    const cell = row.cells[index] ?? row.insertCell();
    cell.className = isText(columns[index] ?? '') ? 'text' : '';
    setText(cell, text);
  }
};
