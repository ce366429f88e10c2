import { existsSync, watch, type FSWatcher } from 'node:fs';
import * as vscode from 'vscode';
import { runFiles, runsFolder } from '../../engine/contract/run';
import { describeError, type Log } from '../log';
import type { RunStore } from './runStore';

const settleMs = 250;
const pollMs = 1000;

/**
 * Notices runs that change, whoever changes them. New and deleted runs are told by the folders that hold them, and by the
 * editor's file events where such a folder is still to be made. While a run is active and someone looks (the view or a
 * page), its state is read once a second as well: events may be late on network drives, and a dead process sends none.
 */
export class RunWatcher implements vscode.Disposable {
  private readonly parts: vscode.Disposable[] = [];
  private readonly lookers = new Set<() => boolean>();
  private readonly folders = new Map<string, FSWatcher>();
  private settle: NodeJS.Timeout | undefined;
  private poll: NodeJS.Timeout | undefined;
  private isPolling = false;

  constructor(
    private readonly store: RunStore,
    private readonly log: Log,
  ) {
    const pattern = `**/${runsFolder}/*/${runFiles.state}`;
    const files = vscode.workspace.createFileSystemWatcher(pattern, false, true, false);
    this.parts.push(
      files,
      files.onDidCreate((uri) => this.onFile(uri)),
      files.onDidDelete((uri) => this.onFile(uri)),
      store.onDidChange((change) => {
        if (change.all) this.watchFolders();
        this.update();
      }),
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
    for (const folder of this.folders.values()) folder.close();
    vscode.Disposable.from(...this.parts).dispose();
  }

  /** A state is replaced by renaming, which some systems tell as a creation: a known run is read, others are looked for. */
  private onFile(uri: vscode.Uri): void {
    if (!this.store.hasLoaded) return;
    const known = this.store.atFolder(vscode.Uri.joinPath(uri, '..').fsPath);
    if (known) this.store.refresh(known.id).catch((error) => this.log.warn(describeError(error)));
    else this.reloadSoon();
  }

  private reloadSoon(): void {
    clearTimeout(this.settle);
    this.settle = setTimeout(
      () => void this.store.reload().catch((error) => this.log.warn(describeError(error))),
      settleMs,
    );
  }

  /** Watches the folders that hold runs, as far as they exist; one that goes away is watched again when it is back. */
  private watchFolders(): void {
    const drop = (root: string): void => {
      this.folders.get(root)?.close();
      this.folders.delete(root);
    };
    for (const root of this.folders.keys())
      if (!this.store.knownRoots.includes(root) || !existsSync(root)) drop(root);
    for (const root of this.store.knownRoots) {
      if (this.folders.has(root)) continue;
      try {
        const folder = watch(root, { persistent: false }, () => this.reloadSoon());
        folder.on('error', () => drop(root));
        this.folders.set(root, folder);
      } catch {
        continue;
      }
    }
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
