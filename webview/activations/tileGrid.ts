import type { Sheet } from '../../engine/contract/sheet';
import { gridMove } from '../shared/a11y';
import { element, setText } from '../shared/element';
import type { ColourMap } from './colourMap';
import {
  type Scaling,
  type Sorting,
  type TileLayout,
  layoutTiles,
  paintTiles,
  tileAt,
  tileCorner,
} from './tiles';

/** How sheets are drawn. */
export interface TileView {
  scaling: Scaling;
  sorting: Sorting;
  colours: ColourMap;
}

export interface TileGridEvents {
  /** The pointer or the keyboard is on a channel; null when it has left. */
  point(channel: number | null): void;
  open(channel: number): void;
  close(): void;
  /** A channel in words, for those who do not see it. */
  describe(channel: number): string;
}

/** A sheet's channels as tiles on one canvas, reached by pointer and by keys. */
export class TileGrid {
  readonly root: HTMLElement;
  private readonly canvas = element('canvas', { class: 'tiles', aria: { hidden: true } });
  private readonly ring = element('div', { class: 'tile-ring', aria: { hidden: true }, hidden: true });
  private readonly cell: HTMLElement;
  private readonly row: HTMLElement;
  private sheet: Sheet | null = null;
  private layout: TileLayout | null = null;
  private order: number[] = [];
  private place = 0;

  constructor(
    private readonly id: string,
    label: string,
    private readonly events: TileGridEvents,
  ) {
    this.cell = element('div', { role: 'gridcell' });
    this.row = element('div', { class: 'visually-hidden', role: 'row' }, this.cell);
    this.root = element(
      'div',
      {
        id,
        class: 'tile-grid',
        role: 'grid',
        tabIndex: 0,
        aria: { label, readonly: true },
        on: {
          keydown: (event) => this.pressed(event),
          focus: () => this.goTo(this.place),
          blur: () => this.left(),
          mousemove: (event) => this.pointed(event),
          mouseleave: () => this.events.point(null),
          click: (event) => this.clicked(event),
        },
      },
      this.canvas,
      this.ring,
      this.row,
    );
  }

  draw(sheet: Sheet, view: TileView, order: number[]): void {
    const available = this.root.clientWidth;
    if (available === 0) return;
    this.sheet = sheet;
    this.layout = layoutTiles(sheet, available);
    this.order = order;
    this.place = Math.min(this.place, sheet.channels - 1);
    const { width, height, columns, rows } = this.layout;
    this.canvas.width = width;
    this.canvas.height = height;
    const pixels = paintTiles(sheet, this.layout, this.order, view.colours, view.scaling);
    this.canvas.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
    this.root.setAttribute('aria-rowcount', String(rows));
    this.root.setAttribute('aria-colcount', String(columns));
    if (document.activeElement === this.root) this.goTo(this.place);
  }

  private pressed(event: KeyboardEvent): void {
    if (!this.layout) return;
    if (event.key === 'Enter' || event.key === ' ') this.events.open(this.order[this.place] ?? 0);
    else if (event.key === 'Escape') this.events.close();
    else {
      const to = gridMove(event.key, event.ctrlKey, this.place, this.order.length, this.layout.columns);
      if (to === null) return;
      this.goTo(to);
      this.ring.scrollIntoView({ block: 'nearest' });
    }
    event.preventDefault();
  }

  private goTo(place: number): void {
    const { layout } = this;
    const channel = this.order[place];
    if (!layout || channel === undefined) return;
    this.place = place;
    const { x, y } = tileCorner(layout, place);
    this.ring.hidden = false;
    this.ring.style.width = `${layout.tileWidth}px`;
    this.ring.style.height = `${layout.tileHeight}px`;
    this.ring.style.transform = `translate(${x}px, ${y}px)`;
    this.row.setAttribute('aria-rowindex', String(Math.floor(place / layout.columns) + 1));
    this.cell.setAttribute('aria-colindex', String((place % layout.columns) + 1));
    this.cell.id = `${this.id}-cell-${place}`;
    this.root.setAttribute('aria-activedescendant', this.cell.id);
    setText(this.cell, this.events.describe(channel));
    this.events.point(channel);
  }

  private left(): void {
    this.ring.hidden = true;
    this.events.point(null);
  }

  private placeUnder(event: MouseEvent): number | null {
    const box = this.canvas.getBoundingClientRect();
    if (!this.layout || !this.sheet) return null;
    return tileAt(this.layout, event.clientX - box.left, event.clientY - box.top, this.sheet.channels);
  }

  private pointed(event: MouseEvent): void {
    const place = this.placeUnder(event);
    this.events.point(place === null ? null : (this.order[place] ?? null));
  }

  private clicked(event: MouseEvent): void {
    const place = this.placeUnder(event);
    if (place === null) return;
    this.goTo(place);
    this.events.open(this.order[place] ?? 0);
  }
}
