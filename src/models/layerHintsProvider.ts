import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { EngineCalls } from '../../engine/contract/calls';
import type { ModelInfo } from '../../engine/contract/model';
import type { LayerProfile, ProfileComparison } from '../../engine/contract/profile';
import { settingNames } from '../contributions';
import type { EngineClient } from '../engine/engineClient';
import { describeError, type Log } from '../log';
import { affects, settings } from '../settings';
import { isSameFile } from './layerAt';
import { layerHints } from './layerHints';
import { modelsOf } from './modelLens';
import { codeLanguages, isCodeLanguage } from './syntax';

/** A model whose layers are hinted at, with the files that make them as they were when it was opened. */
interface Known {
  info: ModelInfo;
  costs: readonly LayerProfile[] | null;
  files: ReadonlyMap<string, readonly string[]>;
}

const settleMs = 300;
const most = 20;

const linesOf = (text: string): string[] => text.split(/\r?\n/);

const filesOf = (info: ModelInfo): string[] => [
  ...new Set(info.layers.flatMap(({ location }) => (location ? [location.file] : []))),
];

/**
 * Output shape, parameters, multiply-accumulates and share of the time behind the lines of code that make layers. What
 * the engine tells of models made by code is kept and shown; after a save such a model is described anew. With the
 * setting `always`, the models of every visible file are described as well.
 */
export class LayerHintsProvider implements vscode.InlayHintsProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeInlayHints = this.changed.event;
  /** By reference, the one told of last at the end. */
  private readonly known = new Map<string, Known>();
  private readonly asked = new Set<string>();
  private readonly parts: vscode.Disposable[];
  private settle: NodeJS.Timeout | undefined;

  constructor(
    private readonly engine: Pick<EngineClient, 'call'>,
    private readonly log: Log,
  ) {
    const selector = codeLanguages.map((language) => ({ scheme: 'file', language }));
    this.parts = [
      this.changed,
      vscode.languages.registerInlayHintsProvider(selector, this),
      vscode.window.onDidChangeVisibleTextEditors(() => this.lookAround()),
      vscode.workspace.onDidSaveTextDocument((document) => this.onSaved(document)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.lookAround()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!affects(event, settingNames.inlayHints)) return;
        this.changed.fire();
        this.lookAround();
      }),
    ];
    this.lookAround();
  }

  provideInlayHints(document: vscode.TextDocument): vscode.InlayHint[] {
    if (settings.inlayHints() === 'off' || !vscode.workspace.isTrusted) return [];
    const models = [...this.known.values()].flatMap(({ info, costs, files }) => {
      const lines = [...files].find(([file]) => isSameFile(file, document.fileName))?.[1];
      return lines ? [{ info, costs, lines }] : [];
    });
    if (models.length === 0) return [];
    return layerHints(models, document.fileName, linesOf(document.getText())).map((hint) => {
      const end = document.lineAt(hint.line).range.end;
      const shown = new vscode.InlayHint(end, hint.label);
      shown.paddingLeft = true;
      shown.tooltip = new vscode.MarkdownString(hint.details);
      return shown;
    });
  }

  /** What the engine answered, to anyone: the models that it was asked about are the ones that matter. */
  told(method: keyof EngineCalls, args: readonly unknown[], value: unknown): void {
    try {
      this.take(method, args, value);
    } catch (error) {
      this.log.info(`No hints: ${describeError(error)}`);
    }
  }

  dispose(): void {
    clearTimeout(this.settle);
    vscode.Disposable.from(...this.parts).dispose();
  }

  private take(method: keyof EngineCalls, args: readonly unknown[], value: unknown): void {
    if (method === 'inspect') this.keep(value as ModelInfo, null);
    if (method === 'compare') {
      const { teacher, student } = value as ProfileComparison;
      for (const profile of [teacher, student]) if (profile) this.keep(profile.model, profile.layers);
    }
    if (method === 'propose')
      for (const reference of args.slice(0, 2))
        if (typeof reference === 'string' && !this.known.has(reference)) void this.describe(reference);
  }

  private keep(info: ModelInfo, costs: readonly LayerProfile[] | null): void {
    if (info.format !== 'code') return;
    const before = this.known.get(info.reference);
    const isSame = before && JSON.stringify(before.info) === JSON.stringify(info);
    const files = new Map(filesOf(info).map((file) => [file, linesOf(readFileSync(file, 'utf8'))] as const));
    this.known.delete(info.reference);
    this.known.set(info.reference, { info, files, costs: costs ?? (isSame ? before.costs : null) });
    const [oldest] = this.known.keys();
    if (this.known.size > most && oldest !== undefined) this.known.delete(oldest);
    this.changed.fire();
  }

  /** A model whose code was saved is described anew. */
  private onSaved(document: vscode.TextDocument): void {
    if (!isCodeLanguage(document.languageId) || settings.inlayHints() === 'off') return;
    const changed = [...this.known].filter(([, { files }]) =>
      [...files.keys()].some((file) => isSameFile(file, document.fileName)),
    );
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      for (const [reference] of changed) void this.describe(reference);
      this.lookAround();
    }, settleMs);
  }

  /** Describes the models that visible files give out, where the user wants that. */
  private lookAround(): void {
    if (settings.inlayHints() !== 'always' || !vscode.workspace.isTrusted) return;
    for (const { document } of vscode.window.visibleTextEditors) {
      if (document.uri.scheme !== 'file' || !isCodeLanguage(document.languageId) || document.isDirty)
        continue;
      for (const { definition } of modelsOf(document)) {
        const reference = definition?.exportName && `${document.fileName}#${definition.exportName}`;
        const key = `${reference} ${document.version}`;
        if (!reference || this.known.has(reference) || this.asked.has(key)) continue;
        this.asked.add(key);
        void this.describe(reference);
      }
    }
  }

  /** Half-written code often fails: then its hints go, and the log tells why. */
  private async describe(reference: string): Promise<void> {
    try {
      await this.engine.call('inspect', reference);
    } catch (error) {
      this.log.info(`No hints for ${reference}: ${describeError(error).split('\n')[0]}`);
      if (this.known.delete(reference)) this.changed.fire();
    }
  }
}
