import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../../engine/contract/run';
import { settings } from '../settings';

/** Where the runs of a file's (or the first) workspace folder are kept; undefined without a folder. */
export const runsFolderFor = (uri?: vscode.Uri): string | undefined => {
  const folder =
    (uri && vscode.workspace.getWorkspaceFolder(uri)) ?? vscode.workspace.workspaceFolders?.[0] ?? undefined;
  return folder && join(folder.uri.fsPath, settings.runsLocation(folder.uri));
};

const nestedLimit = 500;

/** Folders that hold runs: each workspace folder's own, and those of projects nested in it. */
export const findRunRoots = async (): Promise<string[]> => {
  const folders = vscode.workspace.workspaceFolders ?? [];
  const own = folders.map((folder) => join(folder.uri.fsPath, settings.runsLocation(folder.uri)));
  const pattern = `**/.retort/runs/*/${runFiles.recipe}`;
  const nested = await vscode.workspace.findFiles(pattern, '**/node_modules/**', nestedLimit);
  return [...new Set([...own, ...nested.map((file) => join(file.fsPath, '../..'))])];
};
