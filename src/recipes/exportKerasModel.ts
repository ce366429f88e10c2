import { basename } from 'node:path';
import * as vscode from 'vscode';
import { engineCommand } from '../engine/engineCommand';
import { findPythons } from '../engine/findPythons';
import { pythonOptions } from '../engine/installTensorflow';
import type { ModelDefinition } from '../models/modelFinder';
import type { Services } from '../services';
import type { ModelChoice } from './recipeDraft';

type ExportServices = Pick<Services, 'bundle' | 'findRuntime' | 'log'>;

const ask = async (name: string, file: string): Promise<boolean> => {
  const go = 'Run and Save';
  const question = `Save “${name}” as a file that Retort can open?`;
  const detail = `Your Python imports ${file}, which runs the code at its top level, and Keras saves the model into the folder .retort beside it. Save it again when the code has changed.`;
  return (await vscode.window.showInformationMessage(question, { modal: true, detail }, go)) === go;
};

/**
 * The Keras model that Python code makes, saved by the user's own interpreter after they have agreed; undefined where
 * they have not. Throws `Failed`.
 */
export const exportKerasModel = async (
  services: ExportServices,
  code: string,
  { name, exportName }: ModelDefinition,
): Promise<ModelChoice | undefined> => {
  if (exportName === null) {
    await vscode.window.showWarningMessage(
      `“${name}” is made where nothing else can reach it. Make it at the top of the file, or in a function there that returns it.`,
    );
    return undefined;
  }
  if (!(await ask(name, basename(code)))) return undefined;
  const args = ['export-keras', `${code}#${exportName}`, ...pythonOptions(await findPythons())];
  const shown = {
    location: vscode.ProgressLocation.Notification,
    title: `Retort: saving “${name}” with Keras`,
    cancellable: true,
  };
  const saved = await vscode.window.withProgress(shown, (_, token) =>
    engineCommand<{ file: string }>(services, args, { token }),
  );
  return saved ? { file: saved.file, exportName: null, label: name, code } : undefined;
};
