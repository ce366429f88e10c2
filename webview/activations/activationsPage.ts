import type { RunModels } from '../../engine/contract/calls';
import type { ActivationsHost, ActivationsPage, PageAnswer } from '../../engine/contract/pages';
import type { RunState } from '../../engine/contract/run';
import type { SampleImage, SheetView } from '../../engine/contract/sheet';
import { element, fill, pageRoot } from '../shared/element';
import { SavedState } from '../shared/savedState';
import { brokenLink, failedBlock, loadingBlock } from '../shared/states';
import { colourMap } from './colourMap';
import { isOutdated } from './freshness';
import { LayerList } from './layerList';
import {
  type NetworkName,
  type Selection,
  firstSelection,
  otherNetwork,
  select,
  shownTap,
  tapsOf,
} from './layerModel';
import { NewestRequest } from './newestRequest';
import { PairChips } from './pairChips';
import { Pane, type SheetQuestion } from './pane';
import { RunHead } from './runHead';
import { SamplePicker } from './samplePicker';
import { type ActivationsView, type Toolbar, activationsToolbar } from './toolbar';

type Host = { [Call in keyof ActivationsHost]: ActivationsHost[Call] };
type Opened = Extract<Awaited<ReturnType<ActivationsHost['open']>>, { ok: true }>['value'];

interface Arrangement extends ActivationsView {
  /** The run that the selection and the sample belong to. */
  run: string;
  selection: Selection | null;
  sample: number;
  isLive: boolean;
}

const initial: Arrangement = {
  run: '',
  selection: null,
  sample: 0,
  view: 'values',
  scaling: 'channel',
  sorting: 'index',
  colours: 'perceptual',
  isLive: true,
};

const networks = ['teacher', 'student'] as const;

/** The Activations page: the channels of a chosen layer, teacher beside student where a method matches them. */
export class ActivationsPageView implements ActivationsPage {
  private readonly saved = new SavedState<Arrangement>(1, initial);
  private readonly root = pageRoot('activations');
  private readonly head: RunHead;
  private readonly picker = new SamplePicker((sample) => this.arrange({ sample }));
  private readonly toolbar: Toolbar;
  private readonly chips = new PairChips((selection) => this.choose(selection));
  private readonly lists: Record<NetworkName, LayerList>;
  private readonly panes: Record<NetworkName, Pane>;
  private readonly samples: NewestRequest<number, PageAnswer<SampleImage>>;
  private models: RunModels | null = null;
  /** The state whose maps are shown. */
  private shownState: RunState | null = null;

  constructor(private readonly host: Host) {
    const reveal = (network: NetworkName, tap: string) => void host.layerChosen(network, tap, true);
    const listEvents = {
      choose: (network: NetworkName, tap: string) => this.chooseTap(network, tap),
      reveal,
    };
    const paneEvents = {
      sheet: (question: SheetQuestion) => host.sheet(question),
      reveal,
      received: () => this.drawPanes(),
      opened: (network: NetworkName, channel: number | null) => this.openChannel(network, channel),
    };
    this.lists = {
      teacher: new LayerList('teacher', listEvents),
      student: new LayerList('student', listEvents),
    };
    this.panes = { teacher: new Pane('teacher', paneEvents), student: new Pane('student', paneEvents) };
    this.head = new RunHead(this.saved.get().isLive, {
      live: (isLive) => this.goLive(isLive),
      refresh: () => this.refresh(),
    });
    this.toolbar = activationsToolbar(this.saved.get(), (change) => this.rearrange(change));
    this.samples = new NewestRequest(
      (index) => host.sample(index),
      (answer) => (answer.ok ? this.picker.draw(answer.value) : this.picker.fail(answer.failure.message)),
      (error) => this.picker.fail(brokenLink(error).message),
    );
    fill(this.root, loadingBlock('Opening the networks…'));
  }

  /** Asks for the run's networks and shows them. */
  async open(): Promise<void> {
    try {
      const answer = await this.host.open();
      if (answer.ok) this.show(answer.value);
      else
        fill(
          this.root,
          failedBlock(answer.failure, () => void this.open()),
        );
    } catch (error) {
      fill(
        this.root,
        failedBlock(brokenLink(error), () => void this.open()),
      );
    }
  }

  /** The cursor stands on a layer's definition. */
  chooseLayer(network: NetworkName, layer: string): void {
    const selection = this.models && select(this.models, network, layer);
    const current = this.saved.get().selection;
    if (selection && !(current && shownTap(current, network) === layer)) this.arrange({ selection });
  }

  state(state: RunState): void {
    this.head.draw(state);
    if (!this.shownState || !isOutdated(this.shownState, state)) return;
    this.shownState = state;
    if (this.saved.get().isLive) this.refresh();
    else this.head.offerRefresh();
  }

  private show({ id, name, models, state }: Opened): void {
    const isSameRun = this.saved.get().run === id;
    this.models = models;
    this.shownState = state;
    this.head.name(name);
    this.head.draw(state);
    for (const network of networks) this.lists[network].draw(tapsOf(models, network));
    this.chips.draw(models.pairs);
    const saved = isSameRun ? this.saved.get().selection : null;
    const selection = saved && select(models, saved.network, saved.tap);
    const sample = isSameRun ? Math.min(this.saved.get().sample, Math.max(0, models.samples - 1)) : 0;
    this.layOut();
    this.arrange({ run: id, selection: selection ?? firstSelection(models), sample });
  }

  private layOut(): void {
    const { lists, panes } = this;
    const top = element('div', { class: 'top' }, this.head.root, this.picker.root);
    const layers = element('nav', { class: 'layer-lists' }, lists.teacher.root, lists.student.root);
    const shown = element('div', { class: 'panes' }, panes.teacher.root, panes.student.root);
    const main = element('div', { class: 'shown' }, this.toolbar.root, this.chips.root, shown);
    fill(this.root, top, element('div', { class: 'body' }, layers, main));
  }

  private chooseTap(network: NetworkName, tap: string): void {
    const selection = this.models && select(this.models, network, tap);
    if (selection) this.choose(selection);
  }

  /** The user chose: the host shows the layer's line. */
  private choose(selection: Selection): void {
    this.arrange({ selection });
    void this.host.layerChosen(selection.network, selection.tap, false);
  }

  /** Something else is to be shown: asks for it. */
  private arrange(change: Partial<Arrangement>): void {
    this.saved.update(change);
    this.refresh();
  }

  /** The same is to be shown otherwise; another view is another question. */
  private rearrange(change: Partial<ActivationsView>): void {
    this.saved.update(change);
    if ('view' in change) this.refresh();
    else this.drawPanes();
  }

  private goLive(isLive: boolean): void {
    this.saved.update({ isLive });
    if (isLive) this.refresh();
  }

  private refresh(): void {
    const { models } = this;
    const { selection, sample } = this.saved.get();
    if (!models) return;
    this.head.refreshed();
    this.picker.place(sample, models.samples);
    this.samples.request(sample);
    this.chips.mark(selection);
    this.toolbar.allowAdapted(isMatched(selection));
    for (const network of networks) {
      const name = selection && shownTap(selection, network);
      const tap = tapsOf(models, network).find((one) => one.name === name) ?? null;
      this.lists[network].mark(tap?.name ?? null);
      const question = tap && { network, tap: tap.name, sample, view: this.viewOf(network) };
      this.panes[network].show(tap, question);
    }
    this.drawPanes();
  }

  /** Only the student goes through an adapter, and only where a pair has one. */
  private viewOf(network: NetworkName): SheetView {
    const { view, selection } = this.saved.get();
    if (view !== 'adapted') return view;
    return network === 'student' && isMatched(selection) ? 'adapted' : 'values';
  }

  /** Through an adapter the networks' channels correspond, and both sides keep the teacher's order. */
  private drawPanes(): void {
    const { scaling, sorting, colours } = this.saved.get();
    const view = { scaling, sorting, colours: colourMap(colours) };
    const order = this.saved.get().view === 'adapted' ? this.panes.teacher.ownOrder(view) : null;
    for (const network of networks) this.panes[network].draw(view, this.models?.classes ?? [], order);
  }

  /** Through an adapter both networks have the same channels: one opened is opened in both. */
  private openChannel(network: NetworkName, channel: number | null): void {
    this.panes[network].openChannel(channel);
    if (this.saved.get().view === 'adapted') this.panes[otherNetwork(network)].openChannel(channel);
  }
}

const isMatched = (selection: Selection | null): boolean => selection !== null && selection.partner !== null;
