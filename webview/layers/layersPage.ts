import type { LayersHost, LayersPage, LayersSubject } from '../../engine/contract/pages';
import type { ProfileComparison, Proposal } from '../../engine/contract/profile';
import type { Pair } from '../../engine/contract/recipe';
import { SavedState } from '../shared/savedState';
import { type Arrangement, arrangementFor, initialArrangement, metricOf } from './arrangement';
import { asked } from './asked';
import {
  type Draft,
  type DraftFacts,
  type TakenPairs,
  addPair,
  draftOf,
  pairKey,
  problemOf,
  recipeLosses,
  removePair,
  setAdapter,
  setMethod,
  setUse,
  setWeight,
  takenPairs,
  withProposal,
} from './draft';
import { layOut } from './lattice';
import { type NetworkName, namesOf, tapOf } from './layerRows';
import { LayersView } from './layersView';
import { linksOf } from './links';
import {
  type Networks,
  allBands,
  areLong,
  layerNamed,
  networksOf,
  pairDepth,
  pairShapes,
  rowWith,
} from './networks';

type Host = { [Call in keyof LayersHost]: LayersHost[Call] };

/** The Layers page: both networks side by side, what each layer costs, and the pairs that a recipe will match. */
export class LayersPageView implements LayersPage {
  private readonly saved = new SavedState<Arrangement>(1, initialArrangement);
  private readonly view: LayersView;
  private subject: LayersSubject | null = null;
  private comparison: ProfileComparison | null = null;
  private proposal: Proposal | null = null;
  private taken: TakenPairs = {};
  private networks: Networks | null = null;
  private draft: Draft = { pairs: [], losses: [], isChanged: false };
  private pending: { network: NetworkName; layer: string } | null = null;
  /** Raised by every opening: what was asked before is no longer wanted. */
  private opening = 0;

  constructor(private readonly host: Host) {
    this.view = new LayersView({
      choose: (network, layer) => this.choose(network, layer),
      reveal: (network, layer) => void host.layerChosen(network, layer, true),
      toggleStage: (index) => this.toggleStage(index),
      stages: (areOpen) =>
        this.arrange({ collapsed: areOpen || !this.networks ? [] : allBands(this.networks) }),
      metric: (metric) => this.arrange({ metric }),
      fold: (isFolded) => this.arrange({ isFolded, collapsed: [] }),
      search: (filter) => this.arrange({ filter }),
      choosePair: (key) => this.choosePair(key),
      choosePairOf: (teacher, student) => this.lookAtPair({ teacher, student }),
      addPair: (teacher, student) => this.add({ teacher, student }),
      removePair: (key) => this.remove(key ?? this.chosenKey()),
      pairAt: (network, layer) => this.pairAt(network, layer),
      cancelPair: () => this.setPending(null),
      adapter: (key, adapter) => this.change(setAdapter(this.draft, key, adapter, this.taken)),
      use: (loss, pair, isUsed) => this.change(setUse(this.draft, loss, pair, isUsed, this.facts())),
      method: (method, isChosen) => this.change(setMethod(this.draft, method, isChosen)),
      weight: (loss, weight) => this.change(setWeight(this.draft, loss, weight)),
      chooseModel: (network) => void host.chooseModel(network),
      swap: () => void host.swap(),
      chooseData: () => void host.chooseData(),
      measureAgain: () => void this.open(true),
      write: () => void this.write(),
    });
  }

  reopen(): void {
    void this.open();
  }

  /** Asks for both networks, shows what can be counted, then has them measured and compared. */
  async open(again = false): Promise<void> {
    const opening = ++this.opening;
    if (!this.subject) this.view.loading();
    const answer = await asked(this.host.open());
    if (opening !== this.opening) return;
    if (!answer.ok) return this.view.failed(answer.failure, () => void this.open());
    this.show(answer.value, again);
    await this.measure(again, opening);
    if (opening === this.opening) await this.propose(again, opening);
  }

  /** The cursor stands on a layer's definition. */
  chooseLayer(network: NetworkName, layer: string): void {
    const chosen = this.saved.get().layer;
    const isKnown = this.networks && layerNamed(this.networks, network, layer);
    if (isKnown && !(chosen?.network === network && chosen.layer === layer)) this.select(network, layer);
  }

  outdated(file: string): void {
    this.view.outdated(file);
  }

  private show(subject: LayersSubject, again: boolean): void {
    const isSame = this.subject?.key === subject.key;
    this.subject = subject;
    if (!isSame || again) {
      this.comparison = null;
      this.proposal = null;
      this.taken = {};
      this.pending = null;
    }
    this.saved.update(arrangementFor(subject.key, this.saved.get()));
    this.restoreDraft(subject);
    this.view.open(subject);
    this.redraw();
  }

  /** A draft of a recipe that has changed since is dropped. */
  private restoreDraft({ recipe }: LayersSubject): void {
    const { draft, draftBase } = this.saved.get();
    const base = JSON.stringify(recipe?.losses ?? []);
    this.draft = draft && draftBase === base ? draft : draftOf(recipe?.losses ?? []);
    this.saved.update({ draft: this.draft.isChanged ? this.draft : null, draftBase: base });
  }

  private async measure(again: boolean, opening: number): Promise<void> {
    this.view.busy('Measuring the layers…');
    const answer = await asked(this.host.compare(again));
    if (opening !== this.opening) return;
    if (answer.ok) {
      this.comparison = answer.value;
      this.redraw();
      this.view.measured(answer.value);
    } else this.view.measuringFailed(answer.failure, () => void this.open(true));
  }

  private async propose(again: boolean, opening: number): Promise<void> {
    if (!this.subject?.teacher) return;
    this.view.comparing(true);
    const answer = await asked(this.host.propose(again));
    if (opening !== this.opening) return;
    this.view.comparing(false);
    if (!answer.ok) return this.view.proposingFailed(answer.failure, () => void this.propose(true, opening));
    if (!answer.value) return;
    this.proposal = answer.value.proposal;
    this.taken = takenPairs(answer.value);
    this.draft = withProposal(this.draft, this.proposal, this.taken);
    this.redrawDraft();
  }

  private arrange(change: Partial<Arrangement>): void {
    this.saved.update(change);
    this.redraw();
  }

  private redraw(): void {
    const { subject, comparison } = this;
    if (!subject) return;
    const saved = this.saved.get();
    const isFolded = saved.isFolded ?? areLong(subject);
    this.networks = networksOf(subject, comparison, isFolded);
    const { layers, rows, bands } = this.networks;
    const lattice = layOut(bands, { collapsed: new Set(saved.collapsed), filter: saved.filter });
    const metric = metricOf(saved);
    this.view.draw(
      subject,
      comparison,
      { lattice, layers, rows, metric },
      { isFolded, filter: saved.filter },
    );
    this.redrawDraft();
  }

  private redrawDraft(): void {
    const { subject, networks, draft, proposal, taken } = this;
    if (!subject || !networks) return;
    const facts = this.facts();
    this.view.drawDraft({
      links: linksOf(draft, proposal, subject.methods, taken),
      pairs: {
        draft,
        methods: subject.methods,
        taken,
        proposal,
        shapesOf: pairShapes(subject),
        chosen: this.saved.get().pair,
      },
      methods: { methods: subject.methods, offers: proposal?.methods ?? [], losses: draft.losses },
      problem: problemOf(draft, facts),
    });
    this.redrawMarks();
  }

  private redrawMarks(): void {
    const { networks } = this;
    const { layer, pair } = this.saved.get();
    if (!networks) return;
    const cost = layer && layerNamed(networks, layer.network, layer.layer);
    const row = layer && rowWith(networks, layer.network, layer.layer);
    this.view.mark(layer && cost && row ? { network: layer.network, layer: cost, row } : null, pair);
    this.view.markPending(this.pending);
  }

  private facts(): DraftFacts {
    const depthOf = this.networks ? pairDepth(this.networks) : () => 0;
    return { methods: this.subject?.methods ?? [], taken: this.taken, depthOf };
  }

  /** The user chose: the host marks the layer's line. */
  private choose(network: NetworkName, layer: string): void {
    this.select(network, layer);
    void this.host.layerChosen(network, layer, false);
  }

  private select(network: NetworkName, layer: string): void {
    const names = this.networks ? namesOf(rowWith(this.networks, network, layer)) : [];
    const { pair } = this.saved.get();
    const isStill = pair !== null && names.includes(pair[network]);
    const own = this.draft.pairs.find((one) => names.includes(one[network]));
    const next = isStill ? pair : own ? { teacher: own.teacher, student: own.student } : null;
    this.saved.update({ layer: { network, layer }, pair: next });
    this.redrawDraft();
  }

  private choosePair(key: string): void {
    const pair = this.draft.pairs.find((one) => pairKey(one) === key);
    if (pair) this.lookAtPair(pair);
  }

  private lookAtPair({ teacher, student }: { teacher: string; student: string }): void {
    this.saved.update({ pair: { teacher, student }, layer: { network: 'student', layer: student } });
    this.redrawDraft();
    void this.host.layerChosen('student', student, false);
  }

  private chosenKey(): string | null {
    const { pair } = this.saved.get();
    return pair && pairKey(pair);
  }

  private toggleStage(index: number): void {
    const { collapsed } = this.saved.get();
    this.arrange({
      collapsed: collapsed.includes(index) ? collapsed.filter((one) => one !== index) : [...collapsed, index],
    });
  }

  private pairAt(network: NetworkName, layer: string): void {
    const row = this.networks && rowWith(this.networks, network, layer);
    const tap = row && tapOf(row);
    if (!tap || !this.subject?.teacher) return this.view.say(`${layer} cannot be matched.`);
    const { pending } = this;
    if (!pending || (pending.network === network && pending.layer !== tap.name))
      return this.setPending({ network, layer: tap.name });
    if (pending.network === network) return this.setPending(null);
    this.setPending(null);
    const other = pending.layer;
    this.add(
      network === 'teacher' ? { teacher: tap.name, student: other } : { teacher: other, student: tap.name },
    );
  }

  private setPending(pending: { network: NetworkName; layer: string } | null): void {
    this.pending = pending;
    this.view.markPending(pending);
  }

  private add({ teacher, student }: { teacher: string; student: string }): void {
    const known = this.proposal?.pairs.find((one) => pairKey(one) === pairKey({ teacher, student }));
    const pair: Pair = known ?? { teacher, student, adapter: 'auto' };
    this.saved.update({ pair: { teacher, student } });
    this.change(addPair(this.draft, pair, this.facts()));
    this.view.say(`${teacher} is paired with ${student}.`);
  }

  private remove(key: string | null): void {
    const pair = this.draft.pairs.find((one) => pairKey(one) === key);
    if (!pair || key === null) return;
    this.change(removePair(this.draft, key, this.facts()));
    this.view.say(`${pair.teacher} and ${pair.student} are no longer paired.`);
  }

  private change(draft: Draft): void {
    this.draft = draft;
    this.saved.update({ draft });
    this.redrawDraft();
  }

  private async write(): Promise<void> {
    const answer = await asked(this.host.write(recipeLosses(this.draft, this.facts())));
    if (!answer.ok) return this.view.writingFailed(answer.failure);
    if (!answer.value) return;
    this.draft = { ...this.draft, isChanged: false };
    this.saved.update({ draft: null });
    this.view.written(answer.value.file);
  }
}
