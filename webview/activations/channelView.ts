import type { Sheet } from '../../engine/contract/sheet';
import { button } from '../shared/controls';
import { element, setText } from '../shared/element';
import { formatNumber } from '../shared/format';
import type { ColourMap } from './colourMap';
import { type Scaling, channelShades, energy, valueAt } from './tiles';

export interface ChannelViewEvents {
  /** Another channel is wanted: -1 the one before, 1 the one after. */
  step(by: -1 | 1): void;
  close(): void;
}

const side = 184;

/** One channel, large, with its numbers and the value under the pointer. */
export class ChannelView {
  readonly root: HTMLElement;
  private readonly canvas = element('canvas', {
    class: 'channel-map',
    on: { mousemove: (event) => this.pointed(event), mouseleave: () => setText(this.value, '') },
  });
  private readonly title = element('h4', { class: 'channel-title' });
  private readonly numbers = element('p', { class: 'channel-numbers' });
  private readonly value = element('p', { class: 'channel-value' });
  private sheet: Sheet | null = null;
  private channel = 0;

  constructor(private readonly events: ChannelViewEvents) {
    const tools = element(
      'div',
      { class: 'channel-tools' },
      button('Channel before', { icon: 'left', look: 'icon', press: () => events.step(-1) }),
      button('Channel after', { icon: 'right', look: 'icon', press: () => events.step(1) }),
      button('Close', { icon: 'close', look: 'icon', press: () => events.close() }),
    );
    this.root = element(
      'div',
      {
        class: 'channel',
        role: 'group',
        hidden: true,
        on: { keydown: (event) => this.pressed(event) },
      },
      this.canvas,
      element(
        'div',
        { class: 'channel-side' },
        element('div', { class: 'channel-head' }, this.title, tools),
        this.numbers,
        this.value,
      ),
    );
  }

  draw(sheet: Sheet, channel: number, title: string, colours: ColourMap, scaling: Scaling): void {
    this.sheet = sheet;
    this.channel = channel;
    this.root.hidden = false;
    this.root.setAttribute('aria-label', title);
    setText(this.title, title);
    setText(this.numbers, channelNumbers(sheet, channel));
    const { width, height } = sheet;
    this.canvas.width = width;
    this.canvas.height = height;
    const scale = side / Math.max(width, height);
    this.canvas.style.width = `${Math.round(width * scale)}px`;
    this.canvas.style.height = `${Math.round(height * scale)}px`;
    const shades = channelShades(sheet, channel, scaling);
    const first = channel * width * height;
    const pixels = Uint32Array.from({ length: width * height }, (_, position) =>
      shades ? (colours[shades[sheet.data[first + position] ?? 0] ?? 0] ?? 0) : 0,
    );
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
    this.canvas.getContext('2d')?.putImageData(image, 0, 0);
  }

  private pointed(event: MouseEvent): void {
    const { sheet } = this;
    if (!sheet) return;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * sheet.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * sheet.height);
    if (column < 0 || row < 0 || column >= sheet.width || row >= sheet.height) return;
    const value = valueAt(sheet, this.channel, row * sheet.width + column);
    setText(this.value, `row ${row}, column ${column}: ${formatNumber(value)}`);
  }

  private pressed(event: KeyboardEvent): void {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.events.close();
  }
}

/** “min −0.12 · max 3.4 · energy 0.5” */
export const channelNumbers = (sheet: Sheet, channel: number): string => {
  const low = sheet.min[channel] ?? NaN;
  const high = sheet.max[channel] ?? NaN;
  if (Number.isNaN(low)) return 'not a number anywhere';
  if (sheet.height * sheet.width === 1) return `value ${formatNumber(low)}`;
  const words = [`min ${formatNumber(low)}`, `max ${formatNumber(high)}`];
  return [...words, `energy ${formatNumber(energy(sheet, channel))}`].join(' · ');
};
