import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runsFolder } from '../../engine/contract/run';
import { commands, views } from '../contributions';
import { guarded } from '../failureMessage';
import type { Services } from '../services';

/**
 * Where a program outside the editor (`npm start`) asks that a run be shown: a file with the name of the run's folder.
 * It is deleted when it is answered.
 */
export const showRequestFile = '.retort/show';

const isFolderName = (name: string): boolean => /^[\w-][\w.-]*$/.test(name);

/** Takes the request away and gives the run's folder; null where there is none. */
const takeRequest = async (project: string): Promise<string | null> => {
  const file = join(project, showRequestFile);
  const name = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (!isFolderName(name)) return null;
  await rm(file, { force: true });
  return join(project, runsFolder, name);
};

/** Shows the requested runs of the workspace's folders: the run list, and the run's curves. */
export const registerShowRequests = ({ store, log }: Services): vscode.Disposable => {
  const show = guarded(log, async (project: string): Promise<void> => {
    const folder = await takeRequest(project);
    const run = folder === null ? undefined : await store.add(folder);
    if (!run) return;
    await vscode.commands.executeCommand(`${views.runs}.focus`);
    await vscode.commands.executeCommand(commands.openCurves, run.id);
  });
  const onFile = (uri: vscode.Uri): void => void show(join(uri.fsPath, '..', '..'));
  const watcher = vscode.workspace.createFileSystemWatcher(`**/${showRequestFile}`, false, false, true);
  for (const folder of vscode.workspace.workspaceFolders ?? []) void show(folder.uri.fsPath);
  return vscode.Disposable.from(watcher, watcher.onDidCreate(onFile), watcher.onDidChange(onFile));
};
