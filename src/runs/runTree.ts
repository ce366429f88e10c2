import * as vscode from 'vscode';
import { commands, contextKeys, views } from '../contributions';
import type { Log } from '../log';
import { describeError } from '../log';
import { isShownActive, type Run } from './runFolder';
import { reportItems, runItem, type ItemView } from './runItem';
import type { RunStore } from './runStore';
import type { RunWatcher } from './runWatcher';

/** A run, or a row of its report. */
export type RunNode = { kind: 'run'; run: Run } | { kind: 'row'; row: ItemView; run: Run };

/** The list of runs. Nothing is read before the view is opened. */
export class RunTree implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly nodes = new Map<string, RunNode & { kind: 'run' }>();
  private readonly view: vscode.TreeView<RunNode>;
  private readonly parts: vscode.Disposable[];

  constructor(
    private readonly store: RunStore,
    watcher: RunWatcher,
    private readonly log: Log,
  ) {
    this.view = vscode.window.createTreeView(views.runs, { treeDataProvider: this, canSelectMany: true });
    this.parts = [
      this.changed,
      this.view,
      store.onDidChange((change) => this.onChange(change.all ? null : change.ids)),
      watcher.watchFor(() => this.view.visible),
      this.view.onDidChangeVisibility(() => watcher.update()),
    ];
  }

  get selection(): readonly RunNode[] {
    return this.view.selection;
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    if (node.kind === 'row') return treeItem(node.row, vscode.TreeItemCollapsibleState.None);
    const hasReport = node.run.status === 'done';
    const item = treeItem(
      runItem(node.run),
      hasReport ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    );
    item.command = { title: 'Open Curves', command: commands.openCurves, arguments: [node.run.id] };
    return item;
  }

  async getChildren(node?: RunNode): Promise<RunNode[]> {
    if (!node) {
      await this.store.load();
      return this.store.list().map((run) => this.nodeOf(run));
    }
    if (node.kind === 'row') return [];
    const report = await this.store.report(node.run);
    return report ? reportItems(node.run.id, report).map((row) => ({ kind: 'row', row, run: node.run })) : [];
  }

  getParent(node: RunNode): RunNode | undefined {
    return node.kind === 'row' ? this.nodeOf(node.run) : undefined;
  }

  dispose(): void {
    vscode.Disposable.from(...this.parts).dispose();
  }

  /** One node object a run, so that the view can refresh a single item. */
  private nodeOf(run: Run): RunNode & { kind: 'run' } {
    const node = this.nodes.get(run.id) ?? { kind: 'run' as const, run };
    node.run = run;
    this.nodes.set(run.id, node);
    return node;
  }

  private onChange(ids: string[] | null): void {
    if (ids === null) {
      const known = new Set(this.store.list().map((run) => run.id));
      for (const id of [...this.nodes.keys()]) if (!known.has(id)) this.nodes.delete(id);
      this.changed.fire(undefined);
    } else
      for (const run of ids.map((id) => this.store.get(id))) if (run) this.changed.fire(this.nodeOf(run));
    this.describe();
  }

  private describe(): void {
    const runs = this.store.list();
    const active = runs.filter((run) => isShownActive(run.status)).length;
    const noun = active === 1 ? 'run is' : 'runs are';
    this.view.badge = active > 0 ? { value: active, tooltip: `${active} ${noun} training` } : undefined;
    const set = (key: string, value: boolean): void =>
      void vscode.commands
        .executeCommand('setContext', key, value)
        .then(undefined, (error) => this.log.warn(describeError(error)));
    set(contextKeys.hasRuns, runs.length > 0);
    set(contextKeys.runActive, active > 0);
  }
}

const treeItem = (view: ItemView, state: vscode.TreeItemCollapsibleState): vscode.TreeItem => {
  const item = new vscode.TreeItem(view.label, state);
  item.id = view.id;
  item.description = view.description;
  item.iconPath = new vscode.ThemeIcon(view.icon, view.color ? new vscode.ThemeColor(view.color) : undefined);
  item.contextValue = view.contextValue;
  item.tooltip = new vscode.MarkdownString(view.tooltip);
  item.accessibilityInformation = { label: view.accessibility };
  return item;
};
