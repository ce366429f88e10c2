import * as vscode from 'vscode';
import type { BackendReport, RemovalReport } from '../../engine/contract/backend';
import type { Services } from '../services';
import { engineCommand } from './engineCommand';
import { megabytes } from './setupReport';

const ask = async ({ installed }: BackendReport): Promise<boolean> => {
  const remove = 'Remove';
  const names = installed.map((one) => `TensorFlow ${one.tensorflow} (${megabytes(one.bytes)})`);
  const detail =
    'Runs then compute with WebAssembly, several times as slow. A TensorFlow of your own Python stays where it is. “Retort: Set Up Native TensorFlow” brings it back.';
  const question = `Remove ${names.join(' and ')} from Retort’s cache folder?`;
  const options = { modal: true, detail };
  return (await vscode.window.showWarningMessage(question, options, remove)) === remove;
};

/** Asks, and removes what Retort has set up; fails while a run uses it. */
export const removeTensorflow = async (services: Services): Promise<void> => {
  const location = vscode.ProgressLocation.Notification;
  const report = await vscode.window.withProgress(
    { location, title: 'Retort: looking what is installed' },
    () => engineCommand<BackendReport>(services, ['backends']),
  );
  if (!report) return;
  if (report.installed.length === 0) {
    void vscode.window.showInformationMessage('Retort has set up no TensorFlow here.');
    return;
  }
  if (!(await ask(report))) return;
  const removal = await vscode.window.withProgress({ location, title: 'Retort: removing TensorFlow' }, () =>
    engineCommand<RemovalReport>(services, ['backends', '--remove']),
  );
  services.engine.stop();
  if (!removal) return;
  void vscode.window.showInformationMessage(
    `TensorFlow was removed; ${megabytes(removal.bytes)} are free again.`,
  );
};
