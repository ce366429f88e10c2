import { type RunState, isActive } from '../../engine/contract/run';
import { button, checkbox } from '../shared/controls';
import { element, setText } from '../shared/element';
import { statusWords } from '../shared/statusWords';

export interface RunHeadEvents {
  live(isLive: boolean): void;
  refresh(): void;
}

/** Which run it is, how far it is, and whether the maps follow it. */
export class RunHead {
  readonly root: HTMLElement;
  private readonly title = element('h2', { class: 'run-name' });
  private readonly progress = element('span', { class: 'run-progress' });
  private readonly live: HTMLElement;
  private readonly refresh: HTMLElement;

  constructor(isLive: boolean, events: RunHeadEvents) {
    this.live = checkbox('Follow the run', isLive, (now) => events.live(now)).root;
    this.live.title = 'Read the channels again whenever the run has moved on';
    this.refresh = button('Show the newest', { icon: 'refresh', press: () => events.refresh() });
    this.refresh.hidden = true;
    const words = element('div', { class: 'run-words' }, this.title, this.progress);
    this.root = element('header', { class: 'head' }, words, this.live, this.refresh);
  }

  name(name: string): void {
    setText(this.title, name);
  }

  draw(state: RunState): void {
    const stage = state.stages[state.stage];
    const epoch = stage ? `: ${stage.name}, epoch ${state.epoch} of ${stage.epochs}` : '';
    const isRunning = isActive(state.status);
    setText(this.progress, `${statusWords[state.status]}${isRunning ? epoch : ''}`);
    this.live.hidden = !isRunning;
  }

  /** There is something newer than what is shown. */
  offerRefresh(): void {
    this.refresh.hidden = false;
  }

  refreshed(): void {
    this.refresh.hidden = true;
  }
}
