import { basename } from 'node:path';
import * as vscode from 'vscode';
import { Failed } from '../../engine/contract/failure';
import { commands, views } from '../contributions';
import { startRun } from '../engine/runProcess';
import { describeError } from '../log';
import { isShownActive, type Run } from '../runs/runFolder';
import { projectFor } from '../runs/runRoots';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { recipeSuffix } from './recipeDraft';

const chooseRecipe = async (): Promise<vscode.Uri | undefined> => {
  const open = vscode.window.activeTextEditor?.document.uri;
  if (open?.path.endsWith(recipeSuffix)) return open;
  const found = await vscode.workspace.findFiles(`**/*${recipeSuffix}`, '**/{node_modules,.retort}/**', 200);
  if (found.length === 0)
    throw new Failed(
      'recipeInvalid',
      `There is no recipe (*${recipeSuffix}) in this workspace.`,
      'Write one with “Retort: Distill a Model…”.',
    );
  const items = found.map((uri) => ({
    label: basename(uri.path).replace(recipeSuffix, ''),
    description: vscode.workspace.asRelativePath(uri),
    uri,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder: 'Which recipe shall run?' }))?.uri;
};

const startLimitMs = 60_000;
const lookMs = 500;

/** Reads a run until its process has taken it up: a resumed one looks ended until then. */
const followStart = async ({ store }: Services, id: string, ended: Promise<unknown>): Promise<void> => {
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (const end = Date.now() + startLimitMs; Date.now() < end && !isOver;) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    await store.refresh(id);
    const run = store.get(id);
    if (!run || (isShownActive(run.status) && run.state.pid !== null)) return;
  }
};

/** Starts the process of a run that exists, and reads the run again when that process has ended. */
export const launchRun = async (services: Services, id: string, folder: string): Promise<void> => {
  const { bundle, findRuntime, log, store } = services;
  const { ended, pid } = await startRun(bundle, await findRuntime(), folder);
  log.info(`Run ${id} goes on in process ${pid}.`);
  followStart(services, id, ended).catch((error) => log.warn(describeError(error)));
  void ended
    .then(async (code) => {
      log.info(`Process ${pid} of run ${id} ended with code ${code}.`);
      await store.refresh(id);
    })
    .catch((error) => log.warn(describeError(error)));
};

const start = async (services: Services, recipe: vscode.Uri): Promise<Run> => {
  const { engine, store } = services;
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === recipe.toString());
  if (document?.isDirty) await document.save();
  const folder = await engine.call('createRun', recipe.fsPath, projectFor(recipe));
  const run = await store.add(folder);
  if (!run) throw new Failed('runNotFound', `The new run at ${folder} cannot be read.`, 'See the log.');
  await launchRun(services, run.id, folder);
  return run;
};

/** Makes a run from a recipe, starts it, and shows its curves. */
export const runRecipe = async (services: Services, uri?: vscode.Uri): Promise<void> => {
  if (!(await requireTrust())) return;
  const recipe = uri ?? (await chooseRecipe());
  if (!recipe) return;
  const run = await vscode.window.withProgress(
    { location: { viewId: views.runs }, title: 'Starting the run' },
    () =>
      vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: 'Retort: starting the run' },
        () => start(services, recipe),
      ),
  );
  await vscode.commands.executeCommand(commands.openCurves, run.id);
};
