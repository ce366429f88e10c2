import * as vscode from 'vscode';
import { runFiles } from '../../engine/contract/run';
import type { Log } from '../log';
import { describeError } from '../log';
import type { RunStore } from './runStore';

const settleMs = 250;
const pollMs = 1000;

/**
 * Notices runs that change, whoever changes them. The editor's file events tell of new and deleted runs; while a run is
 * active and someone looks (the view or a page), its state is read once a second as well, since file events may be late
 * on network drives and a dead process sends none.
 */
export class RunWatcher implements vscode.Disposable {
  private readonly parts: vscode.Disposable[] = [];
  private readonly lookers = new Set<() => boolean>();
  private settle: NodeJS.Timeout | undefined;
  private poll: NodeJS.Timeout | undefined;
  private isPolling = false;

  constructor(
    private readonly store: RunStore,
    private readonly log: Log,
  ) {
    const pattern = `**/.retort/runs/*/${runFiles.state}`;
    const files = vscode.workspace.createFileSystemWatcher(pattern, false, true, false);
    this.parts.push(
      files,
      files.onDidCreate((uri) => this.onFile(uri)),
      files.onDidDelete((uri) => this.onFile(uri)),
      store.onDidChange(() => this.update()),
    );
  }

  /** Registers someone who looks at runs; call `update` when what they see changes. */
  watchFor(isLooking: () => boolean): vscode.Disposable {
    this.lookers.add(isLooking);
    this.update();
    return new vscode.Disposable(() => {
      this.lookers.delete(isLooking);
      this.update();
    });
  }

  /** Polls exactly while an active run is looked at. */
  update(): void {
    const isNeeded = this.store.active().length > 0 && [...this.lookers].some((isLooking) => isLooking());
    if (isNeeded && !this.poll) this.poll = setInterval(() => void this.readActive(), pollMs);
    if (!isNeeded && this.poll) {
      clearInterval(this.poll);
      this.poll = undefined;
    }
  }

  dispose(): void {
    clearTimeout(this.settle);
    clearInterval(this.poll);
    vscode.Disposable.from(...this.parts).dispose();
  }

  /** A state is replaced by renaming, which some systems tell as a creation: a known run is read, others are looked for. */
  private onFile(uri: vscode.Uri): void {
    if (!this.store.hasLoaded) return;
    const known = this.store.atFolder(vscode.Uri.joinPath(uri, '..').fsPath);
    if (known) return void this.store.refresh(known.id).catch((error) => this.log.warn(describeError(error)));
    clearTimeout(this.settle);
    this.settle = setTimeout(
      () => void this.store.reload().catch((error) => this.log.warn(describeError(error))),
      settleMs,
    );
  }

  private async readActive(): Promise<void> {
    if (this.isPolling) return;
    this.isPolling = true;
    try {
      for (const run of this.store.active()) await this.store.refresh(run.id);
    } catch (error) {
      this.log.warn(describeError(error));
    } finally {
      this.isPolling = false;
    }
  }
}
