import type { ActivationsHost, PageAnswer } from '../../engine/contract/pages';
import type { Sheet, SheetRequest } from '../../engine/contract/sheet';
import { button } from '../shared/controls';
import { element, fill, setText } from '../shared/element';
import { formatNumber } from '../shared/format';
import { brokenLink, failedBlock, loadingBlock } from '../shared/states';
import { ChannelView, channelNumbers } from './channelView';
import type { ColourMap } from './colourMap';
import { type NetworkName, type Tap, shapeWords } from './layerModel';
import { NewestRequest } from './newestRequest';
import { TileGrid, type TileView } from './tileGrid';
import { type Scaling, channelOrder, sharedRange } from './tiles';

export type SheetQuestion = Omit<SheetRequest, 'run'>;

export interface PaneEvents {
  sheet: ActivationsHost['sheet'];
  /** Go to the line that makes the layer. */
  reveal(network: NetworkName, tap: string): void;
  /** Its sheet has come. */
  received(): void;
  /** A channel was opened, or closed with null. */
  opened(network: NetworkName, channel: number | null): void;
}

/** One network's side: the channels of the chosen tap. */
export class Pane {
  readonly root: HTMLElement;
  private readonly title = element('h3', { class: 'pane-title' });
  private readonly shape = element('span', { class: 'pane-shape' });
  private readonly code: HTMLElement;
  private readonly range = element('div', { class: 'pane-range' });
  private readonly hover = element('p', { class: 'pane-hover' });
  private readonly state = element('div', { class: 'pane-state' });
  private readonly grid: TileGrid;
  private readonly channel: ChannelView;
  private readonly requests: NewestRequest<SheetQuestion, PageAnswer<Sheet>>;
  private tap: Tap | null = null;
  private sheet: Sheet | null = null;
  private view: TileView | null = null;
  private classes: readonly string[] = [];
  private open: number | null = null;
  private order: number[] | null = null;
  private drawnWidth = 0;

  constructor(
    readonly network: NetworkName,
    private readonly events: PaneEvents,
  ) {
    this.requests = new NewestRequest(
      (question) => events.sheet(question),
      (answer, question) => (answer.ok ? this.received(answer.value) : this.failed(answer.failure, question)),
      (error, question) => this.failed(brokenLink(error), question),
    );
    this.code = button('Go to code', { icon: 'code', look: 'icon', press: () => this.reveal() });
    this.grid = new TileGrid(`${network}-grid`, `Channels of the ${network}`, {
      point: (channel) => this.point(channel),
      open: (channel) => events.opened(network, channel),
      close: () => events.opened(network, null),
      describe: (channel) => this.describe(channel),
    });
    this.channel = new ChannelView({
      step: (by) => this.step(by),
      close: () => {
        events.opened(network, null);
        this.grid.root.focus({ preventScroll: true });
      },
    });
    const words = element('div', { class: 'pane-words' }, this.title, this.shape);
    const head = element('div', { class: 'pane-head' }, words, this.code);
    const parts = [head, this.range, this.hover, this.state, this.channel.root, this.grid.root];
    this.root = element('section', { class: 'pane', hidden: true, data: { network } }, ...parts);
    new ResizeObserver(() => this.resized()).observe(this.grid.root);
  }

  /** Shows a tap, asking for its sheet; null shows nothing. */
  show(tap: Tap | null, question: SheetQuestion | null): void {
    const isOther = tap?.name !== this.tap?.name || question?.view !== this.sheet?.view;
    this.tap = tap;
    this.root.hidden = tap === null;
    if (!tap || !question) {
      this.requests.cancel();
      return;
    }
    setText(this.title, `${this.network === 'teacher' ? 'Teacher' : 'Student'} · ${tap.name}`);
    setText(this.shape, shapeWords(tap.shape));
    this.code.hidden = !tap.hasCode;
    if (isOther) this.clear();
    this.root.setAttribute('aria-busy', 'true');
    this.requests.request(question);
  }

  /** Draws with another look; `classes` name the channels of the logits; `order` overrides the sheet's own. */
  draw(view: TileView, classes: readonly string[], order: number[] | null): void {
    this.view = view;
    this.classes = classes;
    this.order = order;
    this.redraw();
  }

  /** The channels as this pane would order them; null before its sheet has come. */
  ownOrder(view: TileView): number[] | null {
    return this.sheet && channelOrder(this.sheet, view.sorting);
  }

  /** Shows one channel large; null goes back to the tiles alone. */
  openChannel(channel: number | null): void {
    this.open = channel;
    this.redraw();
  }

  /** The height follows from the width: only the width asks for another layout. */
  private resized(): void {
    const width = this.grid.root.clientWidth;
    if (width === this.drawnWidth) return;
    this.drawnWidth = width;
    requestAnimationFrame(() => this.redraw());
  }

  private clear(): void {
    this.sheet = null;
    this.open = null;
    this.channel.root.hidden = true;
    this.grid.root.hidden = true;
    setText(this.hover, '');
    fill(this.range);
    fill(this.state, loadingBlock('Reading the channels…'));
  }

  private received(sheet: Sheet): void {
    this.sheet = sheet;
    this.root.setAttribute('aria-busy', 'false');
    this.grid.root.hidden = false;
    fill(this.state);
    this.events.received();
  }

  private failed(failure: Parameters<typeof failedBlock>[0], question: SheetQuestion): void {
    this.clear();
    this.root.setAttribute('aria-busy', 'false');
    fill(
      this.state,
      failedBlock(failure, () => this.show(this.tap, question)),
    );
  }

  private redraw(): void {
    const { sheet, view } = this;
    if (!sheet || !view) return;
    const order = this.order?.length === sheet.channels ? this.order : channelOrder(sheet, view.sorting);
    this.drawRange(sheet, view);
    this.grid.draw(sheet, view, order);
    if (this.open !== null && this.open < sheet.channels)
      this.channel.draw(sheet, this.open, this.channelName(this.open), view.colours, view.scaling);
    else this.channel.root.hidden = true;
  }

  private drawRange(sheet: Sheet, { colours, scaling }: TileView): void {
    const [low, high] = rangeWords(sheet, scaling);
    fill(
      this.range,
      element('span', {}, low),
      colourBar(colours),
      element('span', {}, high),
      checkpointWords(sheet),
    );
  }

  private describe(channel: number): string {
    return this.sheet ? `${this.channelName(channel)}: ${channelNumbers(this.sheet, channel)}` : '';
  }

  private channelName(channel: number): string {
    const named = this.tap?.name === 'logits' ? this.classes[channel] : undefined;
    return named === undefined ? `Channel ${channel}` : `${channel}, ${named}`;
  }

  private point(channel: number | null): void {
    setText(this.hover, channel === null ? '' : this.describe(channel));
  }

  private step(by: -1 | 1): void {
    if (!this.sheet || this.open === null) return;
    const { channels } = this.sheet;
    this.events.opened(this.network, (this.open + by + channels) % channels);
  }

  private reveal(): void {
    if (this.tap) this.events.reveal(this.network, this.tap.name);
  }
}

const checkpointWords = ({ checkpoint, network }: Sheet): HTMLElement => {
  const untrained =
    network === 'student' ? ['initial', 'Not trained yet'] : ['frozen', 'Not trained in this run'];
  const [words, title] =
    checkpoint === null
      ? untrained
      : [`step ${checkpoint}`, `Weights of the checkpoint at step ${checkpoint}`];
  return element('span', { class: 'pane-checkpoint', title: title ?? '' }, words ?? '');
};

/** What the ends of the colours stand for: values, or each channel's own least and greatest. */
const rangeWords = (sheet: Sheet, scaling: Scaling): [string, string] => {
  const range = sharedRange(sheet);
  if (!range) return ['not a number', ''];
  if (scaling === 'shared' || sheet.height * sheet.width === 1)
    return [formatNumber(range[0]), formatNumber(range[1])];
  return ['min', 'max'];
};

const colourBar = (colours: ColourMap): HTMLCanvasElement => {
  const bar = element('canvas', { class: 'colour-bar', aria: { hidden: true } });
  bar.width = colours.length;
  bar.height = 1;
  const pixels = new Uint8ClampedArray(new Uint32Array(colours).buffer);
  bar.getContext('2d')?.putImageData(new ImageData(pixels, colours.length, 1), 0, 0);
  return bar;
};
