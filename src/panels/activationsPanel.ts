import * as vscode from 'vscode';
import type { RunModels } from '../../engine/contract/calls';
import type { CodeLocation } from '../../engine/contract/model';
import type { ActivationsHost, ActivationsPage, PageAnswer } from '../../engine/contract/pages';
import type { SampleImage, Sheet } from '../../engine/contract/sheet';
import { Failed } from '../../engine/contract/failure';
import { describeError } from '../log';
import { layerAt } from '../models/layerAt';
import { LayerHighlight } from '../models/layerHighlight';
import { pageState, type Run } from '../runs/runFolder';
import type { Services } from '../services';
import { pageAnswer } from './pageAnswer';
import { connectPage } from './pageMessages';
import { checkedSample, checkedSheetRequest, isLayerName, isNetwork } from './pageRequests';

const settleMs = 150;

/** Plain arrays of their own: a view into a larger message would travel whole. */
const plainSheet = (sheet: Sheet): Sheet => ({
  ...sheet,
  min: new Float32Array(sheet.min),
  max: new Float32Array(sheet.max),
  data: new Uint8Array(sheet.data),
});
const plainSample = (sample: SampleImage): SampleImage => ({ ...sample, rgb: new Uint8Array(sample.rgb) });

/** The activation maps of one run, tied to the code of its models. */
export class ActivationsPanel implements vscode.Disposable {
  private readonly link;
  private readonly parts: vscode.Disposable[] = [];
  private readonly highlight = new LayerHighlight();
  private models: RunModels | null = null;
  private settle: NodeJS.Timeout | undefined;
  private lastChosen = '';

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
    readonly id: string,
  ) {
    const { store, watcher } = services;
    this.link = connectPage<ActivationsPage, ActivationsHost>(panel.webview, this.host(), [
      'chooseLayer',
      'state',
    ]);
    this.parts.push(
      this.highlight,
      watcher.watchFor(() => panel.visible),
      store.onDidChange((change) => {
        if (change.all || change.ids.includes(id)) this.sendState();
      }),
      panel.onDidChangeViewState(() => {
        watcher.update();
        this.sendState();
      }),
      vscode.window.onDidChangeTextEditorSelection((event) => this.onCursor(event)),
      panel.onDidDispose(() => this.dispose()),
    );
    panel.title = `Activations: ${store.get(id)?.name ?? id}`;
  }

  dispose(): void {
    clearTimeout(this.settle);
    vscode.Disposable.from(...this.parts.splice(0)).dispose();
    this.link.dispose();
    this.services.watcher.update();
  }

  private run(): Run {
    const run = this.services.store.get(this.id);
    if (!run)
      throw new Failed('runNotFound', 'This run no longer exists.', 'Open another one from the run list.');
    return run;
  }

  private attempt<T>(work: () => Promise<T>): Promise<PageAnswer<T>> {
    return pageAnswer(this.services.log, work);
  }

  private host(): ActivationsHost {
    const { engine, store } = this.services;
    return {
      open: () =>
        this.attempt(async () => {
          await store.load();
          const run = this.run();
          this.panel.title = `Activations: ${run.name}`;
          this.models = await engine.call('runModels', run.folder);
          return { id: run.id, name: run.name, models: this.models, state: pageState(run) };
        }),
      sheet: (request) =>
        this.attempt(async () => {
          const checked = checkedSheetRequest(request);
          return plainSheet(await engine.call('sheet', { ...checked, run: this.run().folder }));
        }),
      sample: (index) =>
        this.attempt(async () =>
          plainSample(await engine.call('sample', this.run().folder, checkedSample(index))),
        ),
      layerChosen: async (network, layer, reveal) => {
        if (!isNetwork(network) || !isLayerName(layer)) return;
        this.lastChosen = `${network}/${layer}`;
        const location = this.locationOf(network, layer);
        this.highlight.show(location);
        if (reveal === true && location) await this.reveal(location);
      },
    };
  }

  private locationOf(network: 'teacher' | 'student', layer: string): CodeLocation | null {
    return this.models?.[network]?.layers.find((one) => one.name === layer)?.location ?? null;
  }

  private async reveal(location: CodeLocation): Promise<void> {
    const other = vscode.window.tabGroups.all.find((group) => group.viewColumn !== this.panel.viewColumn);
    try {
      await this.highlight.reveal(location, other?.viewColumn);
    } catch (error) {
      this.services.log.warn(`The definition cannot be opened: ${describeError(error)}`);
    }
  }

  /** Waits until the cursor rests, so that running through a file does not load every layer's maps. */
  private onCursor({ textEditor, selections }: vscode.TextEditorSelectionChangeEvent): void {
    const line = selections[0]?.active.line;
    if (!this.models || !this.panel.visible || line === undefined) return;
    const found = layerAt(this.models, textEditor.document.fileName, line);
    clearTimeout(this.settle);
    if (!found || `${found.network}/${found.layer}` === this.lastChosen) return;
    this.settle = setTimeout(() => {
      this.lastChosen = `${found.network}/${found.layer}`;
      this.highlight.show(this.locationOf(found.network, found.layer));
      void this.link.page.chooseLayer.asEvent(found.network, found.layer);
    }, settleMs);
  }

  private sendState(): void {
    const run = this.services.store.get(this.id);
    if (run && this.models && this.panel.visible) void this.link.page.state.asEvent(pageState(run));
  }
}
