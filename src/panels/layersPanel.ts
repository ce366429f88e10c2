import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { CodeLocation } from '../../engine/contract/model';
import type { LayersHost, LayersPage, PageAnswer } from '../../engine/contract/pages';
import { guarded } from '../failureMessage';
import { describeError } from '../log';
import { isSameFile, layerAt } from '../models/layerAt';
import { LayerHighlight } from '../models/layerHighlight';
import type { Services } from '../services';
import { otherData, otherModel, swappedNetworks } from './layersChoices';
import type { ChosenNetworks, LayersTarget } from './layersTarget';
import { OpenedLayers } from './openedLayers';
import { pageAnswer } from './pageAnswer';
import { connectPage } from './pageMessages';
import { checkedLosses, isLayerName, isNetwork } from './pageRequests';
import { changeRecipe, newRecipe } from './writeLosses';

const settleMs = 150;

/** Teacher and student side by side, tied to their code and to the recipe that pairs them. */
export class LayersPanel implements vscode.Disposable {
  private readonly link;
  private readonly parts: vscode.Disposable[] = [];
  private readonly highlight = new LayerHighlight();
  private opened: OpenedLayers;
  private settle: NodeJS.Timeout | undefined;
  private lastChosen = '';
  private isWriting = false;

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly services: Services,
    private target: LayersTarget,
    private readonly remember: (target: LayersTarget) => void,
  ) {
    this.opened = new OpenedLayers(services, target);
    this.link = connectPage<LayersPage, LayersHost>(panel.webview, this.host(), [
      'chooseLayer',
      'reopen',
      'outdated',
    ]);
    this.parts.push(
      this.highlight,
      vscode.window.onDidChangeTextEditorSelection((event) => this.onCursor(event)),
      vscode.workspace.onDidSaveTextDocument((document) => this.onSaved(document.uri)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.show(this.target)),
      panel.onDidDispose(() => this.dispose()),
    );
    panel.title = 'Layers';
    remember(target);
  }

  /** Shows something else, or the same anew. */
  show(target: LayersTarget): void {
    this.target = target;
    this.remember(target);
    this.opened = new OpenedLayers(this.services, target);
    this.highlight.show(null);
    void this.link.page.reopen.asEvent();
  }

  dispose(): void {
    clearTimeout(this.settle);
    vscode.Disposable.from(...this.parts.splice(0)).dispose();
    this.link.dispose();
  }

  private attempt<T>(work: () => Promise<T>): Promise<PageAnswer<T>> {
    return pageAnswer(this.services.log, work);
  }

  private host(): LayersHost {
    return {
      open: () =>
        this.attempt(async () => {
          const subject = await this.opened.subject();
          this.panel.title = `Layers: ${subject.recipe?.name ?? subject.student.name}`;
          return subject;
        }),
      compare: (again) => this.attempt(() => this.opened.compare(again === true)),
      propose: (again) => this.attempt(() => this.opened.propose(again === true)),
      layerChosen: async (network, layer, reveal) => {
        if (!isNetwork(network) || !isLayerName(layer)) return;
        this.lastChosen = `${network}/${layer}`;
        const location = this.locationOf(network, layer);
        this.highlight.show(location);
        if (reveal === true && location) await this.reveal(location);
      },
      chooseModel: (network) =>
        this.exchange(async (chosen) =>
          isNetwork(network) ? otherModel(this.services, chosen, network) : null,
        ),
      swap: () => this.exchange(swappedNetworks),
      chooseData: () => this.exchange(otherData),
      write: (losses) => this.attempt(() => this.write(checkedLosses(losses))),
    };
  }

  /** The user chooses other networks or data; a recipe names its own. */
  private exchange(choose: (chosen: ChosenNetworks) => Promise<ChosenNetworks | null>): Promise<void> {
    const act = guarded(this.services.log, async () => {
      const chosen = 'recipe' in this.target ? null : await choose(this.target);
      if (chosen) this.show(chosen);
    });
    return act();
  }

  private async write(losses: ReturnType<typeof checkedLosses>): Promise<{ file: string } | null> {
    const { target, services } = this;
    this.isWriting = true;
    try {
      const methods = await services.engine.call('methods');
      const column = this.otherColumn();
      if ('recipe' in target) {
        const uri = await changeRecipe(vscode.Uri.parse(target.recipe), losses, methods, column);
        this.retarget(target, false);
        return { file: basename(uri.path) };
      }
      const uri = await newRecipe(target, losses, methods, column);
      if (!uri) return null;
      this.retarget({ recipe: uri.toString() }, target.data === null);
      return { file: basename(uri.path) };
    } finally {
      this.isWriting = false;
    }
  }

  private retarget(target: LayersTarget, isOtherData: boolean): void {
    this.target = target;
    this.remember(target);
    this.opened.retarget(target, isOtherData);
    void this.link.page.reopen.asEvent();
  }

  private locationOf(network: 'teacher' | 'student', layer: string): CodeLocation | null {
    return this.opened.known?.[network]?.layers.find((one) => one.name === layer)?.location ?? null;
  }

  /** Where code is shown: beside this page. */
  private otherColumn(): vscode.ViewColumn | undefined {
    return vscode.window.tabGroups.all.find((group) => group.viewColumn !== this.panel.viewColumn)
      ?.viewColumn;
  }

  private async reveal(location: CodeLocation): Promise<void> {
    try {
      await this.highlight.reveal(location, this.otherColumn());
    } catch (error) {
      this.services.log.warn(`The definition cannot be opened: ${describeError(error)}`);
    }
  }

  /** Waits until the cursor rests. */
  private onCursor({ textEditor, selections }: vscode.TextEditorSelectionChangeEvent): void {
    const line = selections[0]?.active.line;
    const { known } = this.opened;
    if (!known || !this.panel.visible || line === undefined) return;
    const found = layerAt(known, textEditor.document.fileName, line);
    clearTimeout(this.settle);
    if (!found || `${found.network}/${found.layer}` === this.lastChosen) return;
    this.settle = setTimeout(() => {
      this.lastChosen = `${found.network}/${found.layer}`;
      this.highlight.show(this.locationOf(found.network, found.layer));
      void this.link.page.chooseLayer.asEvent(found.network, found.layer);
    }, settleMs);
  }

  private onSaved(uri: vscode.Uri): void {
    const { target } = this;
    if (this.isWriting) return;
    if ('recipe' in target && uri.toString() === target.recipe) return this.show(target);
    const layers = [this.opened.known?.teacher, this.opened.known?.student].flatMap(
      (model) => model?.layers ?? [],
    );
    if (!layers.some(({ location }) => location && isSameFile(location.file, uri.fsPath))) return;
    this.opened = new OpenedLayers(this.services, target);
    void this.link.page.outdated.asEvent(basename(uri.path));
  }
}
