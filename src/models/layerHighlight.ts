import * as vscode from 'vscode';
import type { CodeLocation } from '../../engine/contract/model';
import { isSameFile } from './layerAt';

/** Marks the lines that define a layer, in every editor that shows them. */
export class LayerHighlight implements vscode.Disposable {
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
    overviewRulerColor: new vscode.ThemeColor('charts.blue'),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
    borderColor: new vscode.ThemeColor('charts.blue'),
    borderStyle: 'solid',
    borderWidth: '0 0 0 3px',
  });
  private location: CodeLocation | null = null;
  private readonly editors = vscode.window.onDidChangeVisibleTextEditors(() => this.paint());

  /** Marks without scrolling or taking the focus. */
  show(location: CodeLocation | null): void {
    this.location = location;
    this.paint();
  }

  /** Opens the file beside the page and puts the cursor on the definition. */
  async reveal(location: CodeLocation, isVisibleElsewhere: vscode.ViewColumn | undefined): Promise<void> {
    const uri = vscode.Uri.file(location.file);
    const shown = vscode.window.visibleTextEditors.find((one) =>
      isSameFile(one.document.fileName, uri.fsPath),
    );
    const column = shown?.viewColumn ?? isVisibleElsewhere ?? vscode.ViewColumn.One;
    const start = new vscode.Position(location.line, location.column);
    await vscode.window.showTextDocument(uri, {
      viewColumn: column,
      selection: new vscode.Range(start, start),
    });
  }

  dispose(): void {
    this.editors.dispose();
    this.decoration.dispose();
  }

  private paint(): void {
    for (const editor of vscode.window.visibleTextEditors) {
      const { location } = this;
      const isHere = location !== null && isSameFile(editor.document.fileName, location.file);
      const last = editor.document.lineCount - 1;
      const ranges =
        isHere && location.line <= last
          ? [new vscode.Range(location.line, 0, Math.min(location.endLine, last), 0)]
          : [];
      editor.setDecorations(this.decoration, ranges);
    }
  }
}
