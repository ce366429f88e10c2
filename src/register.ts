import * as vscode from 'vscode';
import { commands, type CommandId } from './contributions';
import { installTensorflow } from './engine/installTensorflow';
import { removeTensorflow } from './engine/removeTensorflow';
import { SetupPage } from './engine/setupPage';
import { guarded } from './failureMessage';
import { isLensTarget, ModelLens } from './models/modelLens';
import { PanelManager } from './panels/panelManager';
import { layersTarget } from './panels/showLayers';
import { distillModel } from './recipes/distillModel';
import { showMethod } from './recipes/methodChoices';
import { RecipeLens } from './recipes/recipeLens';
import { runRecipe } from './recipes/runRecipe';
import { runOf, runsOf, type RunArgument, type RunChoice } from './runs/runArgument';
import { deleteRuns, onRun, runActions } from './runs/runCommands';
import { isShownActive } from './runs/runFolder';
import { RunNotices } from './runs/runNotices';
import { RunTree } from './runs/runTree';
import type { RunNode } from './runs/runTreeData';
import type { Services } from './services';

/** Registers a command; what fails in it is shown to the user. */
const register = <A extends unknown[]>(
  { log }: Services,
  id: CommandId,
  act: (...args: A) => Promise<void> | void,
): vscode.Disposable => vscode.commands.registerCommand(id, guarded(log, act));

/** The lenses over models and recipes, and what they start. */
export const registerRecipes = (services: Services): vscode.Disposable =>
  vscode.Disposable.from(
    new ModelLens(),
    new RecipeLens(),
    register(services, commands.distillModel, (target: unknown) =>
      distillModel(services, isLensTarget(target) ? target : undefined),
    ),
    register(services, commands.showMethod, (id: unknown) =>
      showMethod(services, typeof id === 'string' ? id : undefined),
    ),
    register(services, commands.runRecipe, (uri: unknown) =>
      runRecipe(services, uri instanceof vscode.Uri ? uri : undefined),
    ),
  );

/** The run list with its pages and notices, and what can be done with runs. */
export const registerRuns = (services: Services): vscode.Disposable => {
  const { store, watcher, log } = services;
  const panels = new PanelManager(services);
  const tree = new RunTree(store, watcher, log);
  const compare = async (argument: RunArgument | RunChoice, selected?: RunNode[]): Promise<void> => {
    const runs = await runsOf(store, argument, selected ?? tree.selection);
    if (runs.length > 0) panels.openCurves(runs.map((run) => run.id));
  };
  const remove = async (argument: RunArgument, selected?: RunNode[]): Promise<void> => {
    const many = selected && selected.length > 1 ? selected.map((node) => node.run) : null;
    const one = many ? null : await runOf(store, argument, (run) => !isShownActive(run.status));
    await deleteRuns(services, many ?? (one ? [one] : []));
  };
  return vscode.Disposable.from(
    panels,
    tree,
    new RunNotices(store, (id) => panels.isShowing(id)),
    ...runActions(services, panels).map(([id, isFit, act]) =>
      register(services, id, onRun(services, isFit, act)),
    ),
    register(services, commands.refreshRuns, () => store.reload()),
    register(services, commands.compareRuns, compare),
    register(services, commands.showLayers, async (argument: unknown) => {
      const target = await layersTarget(services, argument);
      if (target) panels.openLayers(target);
    }),
    register(services, commands.deleteRun, remove),
  );
};

/** What tells of the engine: its setup and the log. */
export const registerEngine = (services: Services): vscode.Disposable => {
  const setup = new SetupPage(services);
  return vscode.Disposable.from(
    setup,
    register(services, commands.showLog, () => services.log.show()),
    register(services, commands.checkSetup, () => setup.show()),
    register(services, commands.installTensorflow, async () => {
      if (await installTensorflow(services)) await setup.show();
    }),
    register(services, commands.removeTensorflow, () => removeTensorflow(services)),
    register(services, commands.restartEngine, async () => {
      services.engine.stop();
      await setup.show();
    }),
  );
};
