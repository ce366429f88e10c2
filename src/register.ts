import * as vscode from 'vscode';
import { commands } from './contributions';
import { SetupPage } from './engine/setupPage';
import { guarded } from './failureMessage';
import { ModelLens, type LensTarget } from './models/modelLens';
import { PanelManager } from './panels/panelManager';
import { distillModel } from './recipes/distillModel';
import { RecipeLens } from './recipes/recipeLens';
import { runRecipe } from './recipes/runRecipe';
import { runOf, runsOf, type RunArgument, type RunChoice } from './runs/runArgument';
import { deleteRuns, onRun, runActions } from './runs/runCommands';
import { isShownActive } from './runs/runFolder';
import { RunNotices } from './runs/runNotices';
import { RunTree } from './runs/runTree';
import type { RunNode } from './runs/runTreeData';
import type { Services } from './services';

/** The lenses over models and recipes. */
export const registerLenses = (): vscode.Disposable =>
  vscode.Disposable.from(new ModelLens(), new RecipeLens());

/** The run list with its pages and notices, and every command. */
export const registerRuns = (services: Services): vscode.Disposable => {
  const { store, watcher, log } = services;
  const panels = new PanelManager(services);
  const tree = new RunTree(store, watcher, log);
  const setup = new SetupPage(services);
  const notices = new RunNotices(store, (id) => panels.isShowing(id));
  const register = <A extends unknown[]>(
    id: string,
    act: (...args: A) => Promise<void> | void,
  ): vscode.Disposable => vscode.commands.registerCommand(id, guarded(log, act));
  const compare = async (argument: RunArgument | RunChoice, selected?: RunNode[]): Promise<void> => {
    const runs = await runsOf(store, argument, selected ?? tree.selection);
    if (runs.length > 0) panels.openCurves(runs.map((run) => run.id));
  };
  return vscode.Disposable.from(
    panels,
    tree,
    notices,
    setup,
    ...runActions(services, panels).map(([id, isFit, act]) => register(id, onRun(services, isFit, act))),
    register(commands.distillModel, (target?: LensTarget) => distillModel(services, target)),
    register(commands.runRecipe, (uri?: vscode.Uri) => runRecipe(services, uri)),
    register(commands.refreshRuns, () => store.reload()),
    register(commands.compareRuns, compare),
    register(commands.deleteRun, async (argument: RunArgument, selected?: RunNode[]) => {
      const many = selected && selected.length > 1 ? selected.map((node) => node.run) : null;
      const one = many ? null : await runOf(store, argument, (run) => !isShownActive(run.status));
      await deleteRuns(services, many ?? (one ? [one] : []));
    }),
    register(commands.showLog, () => log.show()),
    register(commands.checkSetup, () => setup.show()),
    register(commands.restartEngine, async () => {
      services.engine.stop();
      await setup.show();
    }),
  );
};
