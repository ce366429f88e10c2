import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Failed } from '../../engine/contract/failure';
import { runFiles } from '../../engine/contract/run';
import { panelTypes } from '../contributions';
import type { Run } from '../runs/runFolder';
import { reportHtml } from './reportHtml';
import { tabIcon } from './loadPage';

const isDark = (): boolean => {
  const { Dark, HighContrast } = vscode.ColorThemeKind;
  return [Dark, HighContrast].includes(vscode.window.activeColorTheme.kind);
};

/** The reports that are open, one page a run, in the editor's colours. */
export class ReportPanels implements vscode.Disposable {
  private readonly open = new Map<string, { panel: vscode.WebviewPanel; text: string }>();
  private readonly themes = vscode.window.onDidChangeActiveColorTheme(() => {
    for (const { panel, text } of this.open.values()) panel.webview.html = reportHtml(text, isDark());
  });

  constructor(private readonly extensionUri: vscode.Uri) {}

  /** Throws `Failed` for a run that has no report yet. */
  async show(run: Run, column: vscode.ViewColumn): Promise<void> {
    const text = await readFile(join(run.folder, runFiles.reportHtml), 'utf8').catch(() => null);
    if (text === null)
      throw new Failed('runNotFound', `“${run.name}” has no report yet.`, 'It is written when the run ends.');
    const panel = this.open.get(run.id)?.panel ?? this.create(run, column);
    this.open.set(run.id, { panel, text });
    panel.webview.html = reportHtml(text, isDark());
    panel.reveal();
  }

  dispose(): void {
    this.themes.dispose();
    for (const { panel } of this.open.values()) panel.dispose();
  }

  private create(run: Run, column: vscode.ViewColumn): vscode.WebviewPanel {
    const options = { enableScripts: false, localResourceRoots: [], enableFindWidget: true };
    const panel = vscode.window.createWebviewPanel(panelTypes.report, `Report: ${run.name}`, column, options);
    panel.iconPath = tabIcon(this.extensionUri);
    panel.onDidDispose(() => this.open.delete(run.id));
    return panel;
  }
}
