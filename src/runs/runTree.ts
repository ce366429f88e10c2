import * as vscode from 'vscode';
import { contextKeys, views } from '../contributions';
import { describeError, type Log } from '../log';
import type { RunStore } from './runStore';
import { RunTreeData, type RunNode } from './runTreeData';
import type { RunWatcher } from './runWatcher';

/** The view of runs with its badge. */
export class RunTree implements vscode.Disposable {
  private readonly view: vscode.TreeView<RunNode>;
  private readonly parts: vscode.Disposable[];

  constructor(
    private readonly store: RunStore,
    watcher: RunWatcher,
    private readonly log: Log,
  ) {
    const data = new RunTreeData(store);
    this.view = vscode.window.createTreeView(views.runs, { treeDataProvider: data, canSelectMany: true });
    this.parts = [
      data,
      this.view,
      store.onDidChange((change) => {
        data.update(change);
        this.describe();
      }),
      watcher.watchFor(() => this.view.visible),
      this.view.onDidChangeVisibility(({ visible }) => {
        watcher.update();
        if (visible && store.hasLoaded) store.reload().catch((error) => this.log.warn(describeError(error)));
      }),
    ];
  }

  get selection(): readonly RunNode[] {
    return this.view.selection;
  }

  dispose(): void {
    vscode.Disposable.from(...this.parts).dispose();
  }

  private describe(): void {
    const active = this.store.active().length;
    const noun = active === 1 ? 'run is' : 'runs are';
    this.view.badge = active > 0 ? { value: active, tooltip: `${active} ${noun} training` } : undefined;
    void vscode.commands
      .executeCommand('setContext', contextKeys.hasRuns, this.store.list().length > 0)
      .then(undefined, (error) => this.log.warn(describeError(error)));
  }
}
