import * as vscode from 'vscode';
import { Failed } from '../../engine/contract/failure';
import type { MethodInfo } from '../../engine/contract/model';
import type { LossDraft } from '../../engine/contract/pages';
import { differenceOf, editLosses } from '../recipes/editLosses';
import { defaultName } from '../recipes/recipeDraft';
import { writeRecipe } from '../recipes/writeRecipe';
import { settings } from '../settings';
import { otherData } from './layersChoices';
import type { ChosenNetworks } from './layersTarget';

const showRecipe = async (uri: vscode.Uri, viewColumn: vscode.ViewColumn | undefined): Promise<void> => {
  await vscode.window.showTextDocument(uri, {
    preview: false,
    viewColumn: viewColumn ?? vscode.ViewColumn.One,
  });
};

/** Changes the losses of a recipe by one edit that can be undone, saves it and shows it. */
export const changeRecipe = async (
  uri: vscode.Uri,
  losses: readonly LossDraft[],
  methods: readonly MethodInfo[],
  column: vscode.ViewColumn | undefined,
): Promise<vscode.Uri> => {
  const document = await vscode.workspace.openTextDocument(uri);
  const before = document.getText();
  const { from, to, text } = differenceOf(before, editLosses(before, losses, methods));
  if (from < to || text !== '') {
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, new vscode.Range(document.positionAt(from), document.positionAt(to)), text);
    const isDone = (await vscode.workspace.applyEdit(edit)) && (await document.save());
    if (!isDone)
      throw new Failed(
        'internal',
        'The recipe could not be changed.',
        'See whether its file can be written.',
      );
  }
  await showRecipe(uri, column);
  return uri;
};

/** Writes a recipe for networks that were chosen, asking for data where none are; null where the user gave up. */
export const newRecipe = async (
  chosen: ChosenNetworks,
  losses: readonly LossDraft[],
  methods: readonly MethodInfo[],
  column: vscode.ViewColumn | undefined,
): Promise<vscode.Uri | null> => {
  const data = chosen.data ?? (await otherData(chosen))?.data;
  if (!data) return null;
  const known = new Map(methods.map((method) => [method.id, method]));
  const drafted = losses.flatMap(({ method: id, pairs, weight }) => {
    const method = known.get(id);
    return method ? [{ method, pairs, weight }] : [];
  });
  const { teacher, student } = chosen;
  const isTaught = teacher !== null && drafted.some(({ method }) => method.needsTeacher);
  const uri = await writeRecipe({
    name: defaultName(student),
    student,
    teacher: isTaught ? { ...teacher, isTrainedFirst: teacher.exportName !== null } : null,
    data,
    losses: drafted,
    backend: settings.backend(),
  });
  await showRecipe(uri, column);
  return uri;
};
