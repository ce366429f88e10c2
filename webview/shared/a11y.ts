import { element, setText } from './element';

/** Tells a screen reader what changed, at most once in `everyMs`; of several sentences the newest is told. */
export class Announcer {
  readonly root = element('div', { class: 'visually-hidden', role: 'status', aria: { live: 'polite' } });
  private waiting: string | null = null;
  private quietUntil = 0;

  constructor(private readonly everyMs = 5000) {}

  say(sentence: string): void {
    const scheduled = this.waiting !== null;
    this.waiting = sentence;
    if (scheduled) return;
    setTimeout(() => this.tell(), Math.max(0, this.quietUntil - performance.now()));
  }

  private tell(): void {
    if (this.waiting !== null) setText(this.root, this.waiting);
    this.waiting = null;
    this.quietUntil = performance.now() + this.everyMs;
  }
}

/**
 * The position that a key leads to in a grid of `count` cells in rows of `columns`; null for a key that does not
 * move. Arrows stop at the edges; Home and End go to the row's ends, with Ctrl to
 * the first and last cell, PageUp and PageDown to the column's ends.
 */
export const gridMove = (
  key: string,
  ctrl: boolean,
  at: number,
  count: number,
  columns: number,
): number | null => {
  const rowStart = at - (at % columns);
  const last = count - 1;
  const moves: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at - columns < 0 ? at : at - columns,
    ArrowDown: at + columns > last ? at : at + columns,
    Home: ctrl ? 0 : rowStart,
    End: ctrl ? last : rowStart + columns - 1,
    PageUp: at % columns,
    PageDown: at + columns * Math.floor((last - at) / columns),
  };
  const to = moves[key];
  return to === undefined ? null : Math.min(Math.max(to, 0), last);
};
