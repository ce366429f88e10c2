import * as vscode from 'vscode';
import { commands, settingNames } from '../contributions';
import { affects, settings } from '../settings';
import { layersModelClass, topologyLimit } from './layersModelFile';
import { findModels, type ModelDefinition } from './modelFinder';
import { findPythonModels } from './pythonModelFinder';
import { pythonLanguage } from './pythonSyntax';
import { codeLanguages, isCodeLanguage } from './syntax';

/** What the lens hands to the command: a definition in code, or null for a model file. */
export interface LensTarget {
  uri: string;
  definition: ModelDefinition | null;
}

/** Menus and keybindings may hand over anything. */
export const isLensTarget = (value: unknown): value is LensTarget =>
  typeof value === 'object' &&
  value !== null &&
  'definition' in value &&
  'uri' in value &&
  typeof value.uri === 'string';

const largestText = 1024 * 1024;

/** Null for a language in which no models are written. */
const definitionsIn = (language: string, text: string): ModelDefinition[] | null => {
  if (language !== pythonLanguage && !isCodeLanguage(language)) return null;
  if (text.length > largestText) return [];
  return language === pythonLanguage ? findPythonModels(text) : findModels(text, language);
};

/** The models that a document makes or holds. */
export const modelsOf = (document: vscode.TextDocument): LensTarget[] => {
  const uri = document.uri.toString();
  const text = document.getText();
  const definitions = definitionsIn(document.languageId, text);
  if (definitions) return definitions.map((definition) => ({ uri, definition }));
  return text.length <= topologyLimit && layersModelClass(text) ? [{ uri, definition: null }] : [];
};

/** **Distill this model**, once over each model; found anew only when the text has changed. */
export class ModelLens implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly known = new Map<string, { version: number; targets: LensTarget[] }>();
  private readonly parts: vscode.Disposable[];

  constructor() {
    const languages = [...codeLanguages, pythonLanguage, 'json', 'jsonc'].map((language) => ({
      scheme: 'file',
      language,
    }));
    this.parts = [
      this.changed,
      vscode.languages.registerCodeLensProvider(languages, this),
      vscode.workspace.onDidCloseTextDocument((document) => this.known.delete(document.uri.toString())),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.changed.fire()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (affects(event, settingNames.codeLens)) this.changed.fire();
      }),
    ];
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!settings.codeLens() || !vscode.workspace.isTrusted) return [];
    return this.targets(document).flatMap((target) => {
      const { line, column } = target.definition ?? { line: 0, column: 0 };
      const name = target.definition?.name ?? 'this model file';
      const range = new vscode.Range(line, column, line, column);
      const distill = {
        title: '$(beaker)\u00a0Distill this model',
        tooltip: `Choose teacher, data and methods for ${name} and write a recipe`,
        command: commands.distillModel,
        arguments: [target],
      };
      const layers = {
        title: 'Show layers',
        tooltip: `What each layer of ${name} costs, beside a teacher’s`,
        command: commands.showLayers,
        arguments: [target],
      };
      return [new vscode.CodeLens(range, distill), new vscode.CodeLens(range, layers)];
    });
  }

  dispose(): void {
    vscode.Disposable.from(...this.parts).dispose();
  }

  private targets(document: vscode.TextDocument): LensTarget[] {
    const key = document.uri.toString();
    const known = this.known.get(key);
    if (known?.version === document.version) return known.targets;
    const targets = modelsOf(document);
    this.known.set(key, { version: document.version, targets });
    return targets;
  }
}
