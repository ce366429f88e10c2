import * as vscode from 'vscode';
import { findModels, type ModelDefinition } from '../models/modelFinder';
import { isCodeLanguage } from '../models/syntax';
import { exportInsertion } from './exportInsertion';

/**
 * The export name of a definition. The engine opens only what a module gives out; where a word or a line would do, it is
 * offered to write that, else the user is told what is needed. Null where there is none.
 */
export const ensureExported = async (
  uri: vscode.Uri,
  definition: ModelDefinition,
): Promise<string | null> => {
  if (definition.exportName !== null) return definition.exportName;
  const { name, exportBy } = definition;
  if (exportBy === null) {
    await vscode.window.showWarningMessage(
      `“${name}” is made where nothing else can reach it. Make it in a function that returns it, and export that function.`,
    );
    return null;
  }
  const add = 'Add Export';
  const chosen = await vscode.window.showInformationMessage(
    `“${name}” must be exported to be distilled.`,
    add,
  );
  if (chosen !== add) return null;
  const document = await vscode.workspace.openTextDocument(uri);
  const edit = new vscode.WorkspaceEdit();
  const { line, column, text } = exportInsertion(document.getText(), definition);
  edit.insert(uri, new vscode.Position(line, column), text);
  await vscode.workspace.applyEdit(edit);
  await document.save();
  if (!isCodeLanguage(document.languageId)) return null;
  const now = findModels(document.getText(), document.languageId).find((one) => one.name === name);
  return now?.exportName ?? null;
};
