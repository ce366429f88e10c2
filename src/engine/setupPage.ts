import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { BackendReport } from '../../engine/contract/backend';
import { version } from '../../engine/contract/version';
import { toFailure } from '../failureMessage';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { engineCommand } from './engineCommand';
import { findPythons } from './findPythons';
import { pythonOptions } from './installTensorflow';
import { setupReport, type SetupFacts } from './setupReport';

const scheme = 'retort-setup';
const page = vscode.Uri.from({ scheme, path: '/Retort Setup.md' });

/** The report as a read-only document: it can be read, previewed and copied, and leaves nothing to save. */
export class SetupPage implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  private text = '';

  constructor(private readonly services: Services) {}

  provideTextDocumentContent(): string {
    return this.text;
  }

  /** Starts the engine if need be, and shows what it found. */
  async show(): Promise<void> {
    if (!(await requireTrust())) return;
    const location = vscode.ProgressLocation.Notification;
    const facts = await vscode.window.withProgress({ location, title: 'Retort: starting the engine' }, () =>
      this.facts(),
    );
    this.text = setupReport(facts, homedir());
    this.changed.fire(page);
    const document = await vscode.workspace.openTextDocument(page);
    try {
      await vscode.commands.executeCommand('markdown.showPreview', page);
    } catch {
      await vscode.window.showTextDocument(document);
    }
  }

  dispose(): void {
    vscode.Disposable.from(this.changed, this.registration).dispose();
  }

  private async facts(): Promise<SetupFacts> {
    return {
      extension: version,
      editor: `${vscode.env.appName} ${vscode.version}`,
      platform: `${process.platform} ${process.arch}`,
      runtime: await this.services.findRuntime().catch(toFailure),
      hello: await this.services.engine.hello().catch(toFailure),
      backends: await this.backends().catch(toFailure),
    };
  }

  private async backends(): Promise<BackendReport> {
    const args = ['backends', ...pythonOptions(await findPythons())];
    const report = await engineCommand<BackendReport>(this.services, args);
    if (report) return report;
    throw new Error('The engine told of no backends.');
  }
}
