import * as vscode from 'vscode';
import { panelTypes } from '../contributions';
import type { Run } from '../runs/runFolder';
import type { Services } from '../services';
import { ActivationsPanel } from './activationsPanel';
import { CurvesPanel } from './curvesPanel';
import { LayersPanel } from './layersPanel';
import { isLayersTarget, type LayersTarget } from './layersTarget';
import { loadPage } from './loadPage';
import { ReportPanels } from './reportPanels';
import { rememberPartner } from './showLayers';

const layersKey = `${panelTypes.layers}.target`;

/** Opens each kind of page once, beside the code, and brings it back after a reload. */
export class PanelManager implements vscode.Disposable {
  private curves: CurvesPanel | undefined;
  private activations: ActivationsPanel | undefined;
  private layers: LayersPanel | undefined;
  private readonly reports: ReportPanels;
  private readonly serializers: vscode.Disposable[];

  constructor(private readonly services: Services) {
    this.reports = new ReportPanels(services.extensionUri);
    this.serializers = [
      vscode.window.registerWebviewPanelSerializer(panelTypes.curves, {
        deserializeWebviewPanel: async (panel) => this.fillCurves(panel, this.remembered(panelTypes.curves)),
      }),
      vscode.window.registerWebviewPanelSerializer(panelTypes.activations, {
        deserializeWebviewPanel: async (panel) =>
          this.fillActivations(panel, this.remembered(panelTypes.activations)[0] ?? ''),
      }),
      vscode.window.registerWebviewPanelSerializer(panelTypes.layers, {
        deserializeWebviewPanel: async (panel) => this.restoreLayers(panel),
      }),
      vscode.window.registerWebviewPanelSerializer(panelTypes.report, {
        deserializeWebviewPanel: async (panel) => panel.dispose(),
      }),
    ];
  }

  openCurves(ids: string[]): void {
    if (this.curves) {
      this.curves.show(ids);
      this.curves.panel.reveal(undefined, true);
    } else this.fillCurves(this.create(panelTypes.curves), ids);
  }

  openActivations(id: string): void {
    const panel = this.activations?.panel ?? this.create(panelTypes.activations);
    if (this.activations?.id !== id) this.fillActivations(panel, id);
    panel.reveal(undefined, true);
  }

  openLayers(target: LayersTarget): void {
    if (this.layers) {
      this.layers.show(target);
      this.layers.panel.reveal(undefined, true);
    } else this.fillLayers(this.create(panelTypes.layers), target);
  }

  /** Throws `Failed` for a run that has no report yet. */
  openReport(run: Run): Promise<void> {
    return this.reports.show(run, this.column());
  }

  /** Whether the user sees this run's curves right now. */
  isShowing(id: string): boolean {
    return this.curves?.panel.visible === true && this.curves.ids.includes(id);
  }

  dispose(): void {
    vscode.Disposable.from(this.reports, ...this.serializers).dispose();
    this.curves?.dispose();
    this.activations?.dispose();
    this.layers?.dispose();
  }

  /** Pages share one column beside the code, so that two of them do not squeeze it. */
  private column(): vscode.ViewColumn {
    const page = [this.curves, this.activations, this.layers].find(
      (one) => one?.panel.viewColumn !== undefined,
    );
    return page?.panel.viewColumn ?? vscode.ViewColumn.Beside;
  }

  private create(type: string): vscode.WebviewPanel {
    const place = { viewColumn: this.column(), preserveFocus: true };
    return vscode.window.createWebviewPanel(type, '', place, { enableFindWidget: true });
  }

  private fillCurves(panel: vscode.WebviewPanel, ids: string[]): void {
    const remember = (shown: string[]): void => this.remember(panelTypes.curves, shown);
    const filled = new CurvesPanel(panel, this.services, ids, remember);
    remember(ids);
    this.curves = filled;
    panel.onDidDispose(() => {
      if (this.curves === filled) this.curves = undefined;
    });
    loadPage(panel, this.services.extensionUri, 'curves');
  }

  private fillActivations(panel: vscode.WebviewPanel, id: string): void {
    this.activations?.dispose();
    const filled = new ActivationsPanel(panel, this.services, id);
    this.remember(panelTypes.activations, [id]);
    this.activations = filled;
    panel.onDidDispose(() => {
      if (this.activations === filled) this.activations = undefined;
    });
    loadPage(panel, this.services.extensionUri, 'activations');
  }

  private fillLayers(panel: vscode.WebviewPanel, target: LayersTarget): void {
    const filled = new LayersPanel(panel, this.services, target, (shown) => {
      void this.services.memory.update(layersKey, shown);
      rememberPartner(this.services, shown);
    });
    this.layers = filled;
    panel.onDidDispose(() => {
      if (this.layers === filled) this.layers = undefined;
    });
    loadPage(panel, this.services.extensionUri, 'layers');
  }

  /** A page whose subject is not known any more is closed. */
  private restoreLayers(panel: vscode.WebviewPanel): void {
    const target = this.services.memory.get<unknown>(layersKey);
    if (isLayersTarget(target)) this.fillLayers(panel, target);
    else panel.dispose();
  }

  /** The runs of a page are remembered by the host, so that a page needs to know nothing of being restored. */
  private remember(type: string, ids: string[]): void {
    void this.services.memory.update(`${type}.runs`, ids);
  }

  private remembered(type: string): string[] {
    return this.services.memory.get<string[]>(`${type}.runs`, []);
  }
}
