import * as vscode from 'vscode';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { engineCommand } from './engineCommand';
import { findPythons } from './findPythons';

const ask = async (): Promise<boolean> => {
  const install = 'Set Up';
  const detail =
    'Retort uses TensorFlow where your Python has it, in place. Else pip downloads it (about 300 MB, 1 GB on disk, in Retort’s own cache folder). The small binding to it is compiled where there is a C++ compiler.';
  const options = { modal: true, detail };
  return (
    (await vscode.window.showInformationMessage('Set up TensorFlow for Retort?', options, install)) ===
    install
  );
};

/** Options that name interpreters to the engine's commands. */
export const pythonOptions = (pythons: readonly string[]): string[] =>
  pythons.length > 0 ? ['--python', ...pythons] : [];

/** Asks, installs with progress, and lets the engine start anew with what was installed. */
export const installTensorflow = async (services: Services): Promise<boolean> => {
  if (!(await requireTrust()) || !(await ask())) return false;
  const args = ['backends', '--install', ...pythonOptions(await findPythons())];
  const location = vscode.ProgressLocation.Notification;
  const shown = { location, title: 'Retort: setting up TensorFlow', cancellable: true };
  await vscode.window.withProgress(shown, (progress, token) =>
    engineCommand(services, args, { token, onLine: (message) => progress.report({ message }) }),
  );
  services.engine.stop();
  return true;
};
