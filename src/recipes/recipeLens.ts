import * as vscode from 'vscode';
import { commands, settingNames } from '../contributions';
import { affects, settings } from '../settings';
import { recipeSuffix } from './recipeDraft';

/** **Run this recipe**, above the recipe's first line. */
export class RecipeLens implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly parts: vscode.Disposable[];

  constructor() {
    this.parts = [
      this.changed,
      vscode.languages.registerCodeLensProvider({ scheme: 'file', pattern: `**/*${recipeSuffix}` }, this),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (affects(event, settingNames.codeLens)) this.changed.fire();
      }),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!settings.codeLens() || !vscode.workspace.isTrusted) return [];
    const command = {
      title: '$(play)\u00a0Run this recipe',
      tooltip: 'Start a run in a process of its own; it goes on when this window closes',
      command: commands.runRecipe,
      arguments: [document.uri],
    };
    return [new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), command)];
  }

  dispose(): void {
    vscode.Disposable.from(...this.parts).dispose();
  }
}
