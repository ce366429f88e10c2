import * as vscode from 'vscode';
import { commands } from './contributions';
import { checkSetup } from './engine/checkSetup';
import { guarded } from './failureMessage';
import { ModelLens, type LensTarget } from './models/modelLens';
import { PanelManager } from './panels/panelManager';
import { distillModel } from './recipes/distillModel';
import { RecipeLens } from './recipes/recipeLens';
import { runRecipe } from './recipes/runRecipe';
import { runsOf, type RunArgument } from './runs/runArgument';
import { onRun, runActions } from './runs/runCommands';
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
  const notices = new RunNotices(store, (id) => panels.isShowing(id));
  const register = <A extends unknown[]>(
    id: string,
    act: (...args: A) => Promise<void> | void,
  ): vscode.Disposable => vscode.commands.registerCommand(id, guarded(log, act));
  const compare = async (argument: RunArgument, selected?: RunNode[]): Promise<void> => {
    const runs = await runsOf(store, argument, selected ?? tree.selection);
    if (runs.length > 0) panels.openCurves(runs.map((run) => run.id));
  };
  return vscode.Disposable.from(
    panels,
    tree,
    notices,
    ...runActions(services, panels).map(([id, isFit, act]) => register(id, onRun(services, isFit, act))),
    register(commands.distillModel, (target?: LensTarget) => distillModel(services, target)),
    register(commands.runRecipe, (uri?: vscode.Uri) => runRecipe(services, uri)),
    register(commands.refreshRuns, () => store.reload()),
    register(commands.compareRuns, compare),
    register(commands.showLog, () => log.show()),
    register(commands.checkSetup, () => checkSetup(services)),
    register(commands.restartEngine, async () => {
      services.engine.stop();
      await checkSetup(services);
    }),
  );
};
