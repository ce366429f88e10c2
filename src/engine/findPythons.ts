import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { settings } from '../settings';
import { pythonCandidates } from './pythonCandidates';

/** The part of the Python extension's interface that is used here. */
interface PythonExtension {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(path: unknown): Promise<{ executable?: { uri?: vscode.Uri | undefined } } | undefined>;
  };
}

/** The interpreter that the Python extension has chosen for the workspace; null where it is not there or has none. */
const activePython = async (): Promise<string | null> => {
  const extension = vscode.extensions.getExtension<PythonExtension>('ms-python.python');
  if (!extension) return null;
  try {
    const { environments } = await extension.activate();
    const chosen = environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    const resolved = chosen && (await environments?.resolveEnvironment(chosen));
    return resolved?.executable?.uri?.fsPath ?? null;
  } catch {
    return null;
  }
};

/** The interpreters that settings, the Python extension and the workspace name, best first. */
export const findPythons = async (): Promise<string[]> =>
  pythonCandidates(
    {
      setting: settings.python(),
      active: await activePython(),
      configured: vscode.workspace.getConfiguration('python').get<string>('defaultInterpreterPath') ?? null,
      folders: (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
    },
    homedir(),
    existsSync,
  );
