import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles, type FrozenRecipe, type RunReport } from '../../engine/contract/run';
import { MetricsTail } from './metricsTail';
import { isShownActive, listFolders, readRecipe, readReport, readRun, type Run } from './runFolder';

/** Which runs changed; `all` when runs came or went. */
export type RunChange = { all: true } | { all: false; ids: string[] };

/**
 * The runs on disk. Nothing is read before someone asks (`load`); recipes, reports and points are read only for those
 * runs that are looked at.
 */
export class RunStore implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunChange>();
  readonly onDidChange = this.changed.event;
  private readonly runs = new Map<string, Run>();
  private readonly tails = new Map<string, MetricsTail>();
  private readonly recipes = new Map<string, Promise<FrozenRecipe | null>>();
  private extraRoots: string[] = [];
  private lastRoots: string[] = [];
  private loading: Promise<void> | null = null;
  private isLoaded = false;

  /** `roots`: absolute folders that may hold runs, asked anew at every reading. */
  constructor(private readonly roots: () => Promise<string[]>) {}

  get hasLoaded(): boolean {
    return this.isLoaded;
  }

  /** Folders that held runs, or may come to hold some, at the last reading. */
  get knownRoots(): readonly string[] {
    return this.lastRoots;
  }

  /** Newest first. */
  list(): Run[] {
    return [...this.runs.values()].sort(
      (a, b) => b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id),
    );
  }

  get(id: string): Run | undefined {
    return this.runs.get(id);
  }

  atFolder(folder: string): Run | undefined {
    return this.list().find((run) => run.folder === folder);
  }

  active(): Run[] {
    return this.list().filter((run) => isShownActive(run.status));
  }

  /** Reads all runs once. */
  async load(): Promise<void> {
    if (!this.isLoaded) await this.reload();
  }

  /** Reads all runs anew. */
  reload(): Promise<void> {
    this.loading ??= this.readAll().finally(() => (this.loading = null));
    return this.loading;
  }

  /** Makes a run known that was just made, wherever it lies. */
  async add(folder: string): Promise<Run | undefined> {
    const root = join(folder, '..');
    if (!this.extraRoots.includes(root)) this.extraRoots.push(root);
    await this.loading;
    await this.reload();
    return this.atFolder(folder);
  }

  /** Reads the state of one run anew. */
  async refresh(id: string): Promise<void> {
    const before = this.runs.get(id);
    if (!before) return;
    const run = await readRun(before.folder);
    if (!run) return this.reload();
    const isSame = run.state.updatedAt === before.state.updatedAt && run.status === before.status;
    if (isSame && !isShownActive(run.status)) return;
    this.runs.set(id, { ...run, id });
    this.changed.fire({ all: false, ids: [id] });
  }

  recipe(run: Run): Promise<FrozenRecipe | null> {
    const known = this.recipes.get(run.id) ?? readRecipe(run.folder);
    this.recipes.set(run.id, known);
    return known;
  }

  report(run: Run): Promise<RunReport | null> {
    return readReport(run.folder);
  }

  /** The run's points, followed from now on until `forget`. */
  tail(run: Run): MetricsTail {
    const known = this.tails.get(run.id) ?? new MetricsTail(join(run.folder, runFiles.metrics));
    this.tails.set(run.id, known);
    return known;
  }

  forget(id: string): void {
    this.tails.delete(id);
  }

  dispose(): void {
    this.changed.dispose();
  }

  private async readAll(): Promise<void> {
    const roots = [...new Set([...(await this.roots()), ...this.extraRoots])];
    this.lastRoots = roots;
    const folders = (await Promise.all(roots.map(listFolders))).flat();
    const read = (await Promise.all(folders.map(readRun))).filter((run) => run !== null);
    this.runs.clear();
    for (const run of read) {
      const id = this.runs.has(run.id) ? `${run.id}@${basename(join(run.folder, '../../..'))}` : run.id;
      this.runs.set(id, { ...run, id });
    }
    for (const id of [...this.tails.keys(), ...this.recipes.keys()])
      if (!this.runs.has(id)) {
        this.tails.delete(id);
        this.recipes.delete(id);
      }
    this.isLoaded = true;
    this.changed.fire({ all: true });
  }
}
