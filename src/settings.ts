import * as vscode from 'vscode';
import type { Recipe } from '../engine/contract/recipe';
import { settingNames, settingsSection } from './contributions';

const read = <T>(name: string, fallback: T): T =>
  vscode.workspace.getConfiguration(settingsSection).get<T>(name) ?? fallback;

/** What the user chose; read anew each time, so that a change is seen at once. */
export const settings = {
  codeLens: (): boolean => read(settingNames.codeLens, true),
  /** Empty: the one on PATH, else the editor's own. */
  nodePath: (): string => read(settingNames.nodePath, '').trim(),
  /** Empty: what the Python extension has chosen, the workspace's virtual environment, or PATH. */
  python: (): string => read(settingNames.python, '').trim(),
  backend: (): Recipe['backend'] => read<Recipe['backend']>(settingNames.backend, 'auto'),
  inlayHints: (): 'off' | 'whenProfiled' | 'always' => read(settingNames.inlayHints, 'whenProfiled'),
  notifyWhenDone: (): boolean => read(settingNames.notifyWhenDone, true),
};

export const affects = (event: vscode.ConfigurationChangeEvent, ...names: string[]): boolean =>
  names.some((name) => event.affectsConfiguration(`${settingsSection}.${name}`));
