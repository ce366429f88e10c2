import * as vscode from 'vscode';
import type { CurvesHost, CurvesPage, RunSnapshot } from '../../engine/contract/pages';
import { commands } from '../contributions';
import { describeError } from '../log';
import { isShownActive, pageState, type Run } from '../runs/runFolder';
import type { RunChange } from '../runs/runStore';
import type { Services } from '../services';
import { connectPage } from './pageMessages';

/** Equal for equal states. */
const stateKey = ({ status, state }: Run): string => `${status} ${state.updatedAt}`;

/** The live curves of some runs. A hidden page gets nothing; when shown again it gets all, whole. */
export class CurvesPanel implements vscode.Disposable {
  private readonly link;
  private readonly parts: vscode.Disposable[] = [];
  /** What the page has of each run: how many points, and which state. */
  private readonly sent = new Map<string, { count: number; state: string }>();
  private pending: Promise<unknown> = Promise.resolve();
  private isOpen = false;

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
    private shown: string[],
    private readonly remember: (ids: string[]) => void,
  ) {
    const { store, watcher } = services;
    this.link = connectPage<CurvesPage, CurvesHost>(panel.webview, this.host(), ['show', 'append']);
    this.parts.push(
      store.onDidChange((change) => this.onChange(change)),
      watcher.watchFor(() => panel.visible),
      panel.onDidChangeViewState(() => {
        watcher.update();
        if (panel.visible && this.isOpen) this.queue(() => this.showAll());
      }),
      panel.onDidDispose(() => this.dispose()),
    );
    this.entitle();
  }

  get ids(): readonly string[] {
    return this.shown;
  }

  show(ids: string[]): void {
    for (const id of this.shown) if (!ids.includes(id)) this.services.store.forget(id);
    this.shown = ids;
    this.remember(ids);
    this.entitle();
    if (this.isOpen) this.queue(() => this.showAll());
  }

  dispose(): void {
    vscode.Disposable.from(...this.parts.splice(0)).dispose();
    this.link.dispose();
    for (const id of this.shown) this.services.store.forget(id);
    this.services.watcher.update();
  }

  private entitle(): void {
    const [first, ...more] = this.runs();
    this.panel.title = first
      ? `Curves: ${first.name}${more.length > 0 ? ` and ${more.length} more` : ''}`
      : 'Curves';
  }

  private runs(): Run[] {
    return this.shown.map((id) => this.services.store.get(id)).filter((run) => run !== undefined);
  }

  private host(): CurvesHost {
    const act =
      (command: string) =>
      async (id: unknown): Promise<void> => {
        const run = typeof id === 'string' ? this.services.store.get(id) : undefined;
        if (run) await vscode.commands.executeCommand(command, run.id);
      };
    return {
      open: async () => {
        await this.services.store.load();
        this.isOpen = true;
        this.entitle();
        return { runs: await this.inTurn(() => this.snapshots()) };
      },
      chooseRuns: async () =>
        void (await vscode.commands.executeCommand(commands.compareRuns, { ticked: this.shown })),
      stop: act(commands.stopRun),
      openReport: act(commands.openReport),
      openActivations: act(commands.openActivations),
      exportCsv: act(commands.exportCsv),
    };
  }

  private onChange(change: RunChange): void {
    if (!this.isOpen || !this.panel.visible) return;
    if (change.all) this.queue(() => this.showNewOrGone());
    else for (const id of change.ids) if (this.shown.includes(id)) this.queue(() => this.append(id));
  }

  /** What the page gets is made one after the other, so that `from` is always right. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.pending.then(work);
    this.pending = result.catch(() => undefined);
    return result;
  }

  private queue(work: () => Promise<void>): void {
    this.inTurn(work).catch((error) => this.services.log.warn(describeError(error)));
  }

  private async showAll(): Promise<void> {
    await this.link.page.show.asEvent(await this.snapshots());
  }

  /** After all runs were read anew: whole if the shown ones changed, else only what is new. */
  private async showNewOrGone(): Promise<void> {
    const known = this.runs().map((run) => run.id);
    const isSame = known.length === this.sent.size && known.every((id) => this.sent.has(id));
    if (!isSame) return this.showAll();
    for (const id of known) await this.append(id);
  }

  private async append(id: string): Promise<void> {
    const run = this.services.store.get(id);
    const sent = this.sent.get(id);
    if (!run || !sent) return;
    const tail = this.services.store.tail(run);
    const kept = await tail.read();
    const from = sent.count;
    if (kept < from) return this.showAll();
    const points = tail.points.slice(from);
    const state = stateKey(run);
    if (points.length === 0 && state === sent.state) return;
    this.sent.set(id, { count: from + points.length, state });
    await this.link.page.append.asEvent(id, from, points, pageState(run), await this.reportOf(run));
  }

  private async snapshots(): Promise<RunSnapshot[]> {
    this.sent.clear();
    const snapshots: RunSnapshot[] = [];
    for (const run of this.runs()) {
      const frozen = await this.services.store.recipe(run);
      if (!frozen) continue;
      const tail = this.services.store.tail(run);
      await tail.read();
      const points = [...tail.points];
      this.sent.set(run.id, { count: points.length, state: stateKey(run) });
      const { recipe } = frozen;
      const report = await this.reportOf(run);
      snapshots.push({ id: run.id, name: run.name, state: pageState(run), recipe, points, report });
    }
    return snapshots;
  }

  private reportOf(run: Run): Promise<RunSnapshot['report']> {
    return isShownActive(run.status) ? Promise.resolve(null) : this.services.store.report(run);
  }
}
