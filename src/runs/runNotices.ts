import * as vscode from 'vscode';
import { commands } from '../contributions';
import { settings } from '../settings';
import { isShownActive, type Run, type ShownStatus } from './runFolder';
import type { RunStore } from './runStore';

/** Tells once when a run ends that this window saw working; silent for one whose curves the user looks at. */
export class RunNotices implements vscode.Disposable {
  private readonly seen = new Map<string, ShownStatus>();
  private readonly listener: vscode.Disposable;

  constructor(
    store: RunStore,
    private readonly isShowing: (id: string) => boolean,
  ) {
    this.listener = store.onDidChange(() => {
      for (const run of store.list()) this.note(run);
    });
  }

  dispose(): void {
    this.listener.dispose();
  }

  private note(run: Run): void {
    const before = this.seen.get(run.id);
    this.seen.set(run.id, run.status);
    if (before === undefined || !isShownActive(before) || isShownActive(run.status)) return;
    if (run.status === 'failed' || run.status === 'interrupted') void this.tellFailure(run);
    else if (
      run.status === 'done' &&
      settings.notifyWhenDone() &&
      !(this.isShowing(run.id) && vscode.window.state.focused)
    )
      void this.tellDone(run);
  }

  private async tellDone(run: Run): Promise<void> {
    const open = 'Open Report';
    const chosen = await vscode.window.showInformationMessage(`The run “${run.name}” is done.`, open);
    if (chosen === open) await vscode.commands.executeCommand(commands.openReport, run.id);
  }

  private async tellFailure(run: Run): Promise<void> {
    const { failure } = run.state;
    const reason =
      run.status === 'interrupted'
        ? 'its process is gone. Resume it from its newest checkpoint.'
        : `${failure?.message ?? 'it gives no reason.'} ${failure?.next ?? ''}`;
    const [log, resume] = ['Show Log', 'Resume'];
    const chosen = await vscode.window.showErrorMessage(
      `The run “${run.name}” did not finish: ${reason}`.trim(),
      resume,
      log,
    );
    if (chosen === log) await vscode.commands.executeCommand(commands.showRunLog, run.id);
    if (chosen === resume) await vscode.commands.executeCommand(commands.resumeRun, run.id);
  }
}
