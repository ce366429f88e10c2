import * as vscode from 'vscode';
import { commands } from '../contributions';
import type { Run } from './runFolder';
import { reportItems, runItem, type ItemView } from './runItem';
import type { RunChange, RunStore } from './runStore';
import { stageItems } from './stageItems';

/** A run, or a row below it: a stage, or one of its report. */
export type RunNode = { kind: 'run'; run: Run } | { kind: 'row'; row: ItemView; run: Run };

/** What the run list shows. Nothing is read before someone asks for the roots. */
export class RunTreeData implements vscode.TreeDataProvider<RunNode> {
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly nodes = new Map<string, RunNode & { kind: 'run' }>();

  constructor(private readonly store: RunStore) {}

  getTreeItem(node: RunNode): vscode.TreeItem {
    const { None, Collapsed } = vscode.TreeItemCollapsibleState;
    if (node.kind === 'row') return treeItem(node.row, None);
    const hasRows = node.run.status === 'done' || stageItems(node.run).length > 0;
    const item = treeItem(runItem(node.run), hasRows ? Collapsed : None);
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
    const rows = [...stageItems(node.run), ...(report ? reportItems(node.run.id, report) : [])];
    return rows.map((row) => ({ kind: 'row', row, run: node.run }));
  }

  getParent(node: RunNode): RunNode | undefined {
    return node.kind === 'row' ? this.nodeOf(node.run) : undefined;
  }

  /** Shows what changed: a single item where a single run did. */
  update(change: RunChange): void {
    if (!change.all) {
      for (const run of change.ids.map((id) => this.store.get(id)))
        if (run) this.changed.fire(this.nodeOf(run));
      return;
    }
    for (const id of [...this.nodes.keys()]) if (!this.store.get(id)) this.nodes.delete(id);
    this.changed.fire(undefined);
  }

  dispose(): void {
    this.changed.dispose();
  }

  /** One node object a run: the view refreshes single items by identity. */
  private nodeOf(run: Run): RunNode & { kind: 'run' } {
    const node = this.nodes.get(run.id) ?? { kind: 'run' as const, run };
    node.run = run;
    this.nodes.set(run.id, node);
    return node;
  }
}

const treeItem = (view: ItemView, state: vscode.TreeItemCollapsibleState): vscode.TreeItem => {
  const item = new vscode.TreeItem(view.label, state);
  item.id = view.id;
  item.description = view.description;
  item.iconPath = new vscode.ThemeIcon(view.icon, view.color ? new vscode.ThemeColor(view.color) : undefined);
  item.contextValue = view.contextValue;
  item.tooltip = new vscode.MarkdownString(view.tooltip, true);
  item.accessibilityInformation = { label: view.accessibility };
  return item;
};
