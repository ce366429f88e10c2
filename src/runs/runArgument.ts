import * as vscode from 'vscode';
import { runItem } from './runItem';
import type { Run } from './runFolder';
import type { RunStore } from './runStore';
import type { RunNode } from './runTreeData';

/** How a command is told of a run: by the view, by a page or notice (its id), or not at all (the palette). */
export type RunArgument = RunNode | string | undefined;

const pickItem = (run: Run): vscode.QuickPickItem & { run: Run } => {
  const { label, description, icon } = runItem(run);
  return { label: `$(${icon}) ${label}`, description, detail: new Date(run.createdAt).toLocaleString(), run };
};

const tellNone = (): undefined =>
  void vscode.window.showInformationMessage('There is no run that this can be done with.');

/** The run that is meant; asks if several may be. */
export const runOf = async (
  store: RunStore,
  argument: RunArgument,
  isFit: (run: Run) => boolean,
): Promise<Run | undefined> => {
  await store.load();
  if (typeof argument === 'string') return store.get(argument) ?? tellNone();
  if (argument) return store.get(argument.run.id) ?? tellNone();
  const fit = store.list().filter(isFit);
  if (fit.length <= 1) return fit[0] ?? tellNone();
  return (await vscode.window.showQuickPick(fit.map(pickItem), { placeHolder: 'Which run?' }))?.run;
};

/** Asks which runs shall be compared, whatever is selected; these ones are ticked at first. */
export interface RunChoice {
  ticked: readonly string[];
}

const isChoice = (argument: RunArgument | RunChoice): argument is RunChoice =>
  typeof argument === 'object' && 'ticked' in argument;

/** The runs that are meant: those selected in the view, or several that are picked. */
export const runsOf = async (
  store: RunStore,
  argument: RunArgument | RunChoice,
  selected: readonly RunNode[],
): Promise<Run[]> => {
  await store.load();
  const known = selected.flatMap((node) => store.get(node.run.id) ?? []);
  if (known.length > 1 && !isChoice(argument)) return [...new Set(known)];
  const ticked = isChoice(argument) ? argument.ticked : known.map((run) => run.id);
  const items = store.list().map((run) => ({ ...pickItem(run), picked: ticked.includes(run.id) }));
  if (items.length === 0) return tellNone() ?? [];
  const chosen = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    placeHolder: 'Which runs shall be compared?',
  });
  return (chosen ?? []).map(({ run }) => run);
};
