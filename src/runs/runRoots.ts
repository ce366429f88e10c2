import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles, runsFolder } from '../../engine/contract/run';

/** The workspace folder that a file belongs to, else the first; undefined without any. */
export const projectFor = (uri?: vscode.Uri): string | undefined =>
  ((uri && vscode.workspace.getWorkspaceFolder(uri)) ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath;

const nestedLimit = 500;

/** Folders that hold runs: each workspace folder's own, and those of projects nested in it. */
export const findRunRoots = async (): Promise<string[]> => {
  const own = (vscode.workspace.workspaceFolders ?? []).map((folder) => join(folder.uri.fsPath, runsFolder));
  const pattern = `**/${runsFolder}/*/${runFiles.recipe}`;
  const nested = await vscode.workspace.findFiles(pattern, '**/node_modules/**', nestedLimit);
  return [...new Set([...own, ...nested.map((file) => join(file.fsPath, '../..'))])];
};
