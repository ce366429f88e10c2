import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { Failed } from '../../engine/contract/failure';
import { metricsCsv } from '../../engine/contract/metrics';
import { runFiles } from '../../engine/contract/run';
import { commands, type CommandId } from '../contributions';
import { launchRun } from '../recipes/runRecipe';
import type { PanelManager } from '../panels/panelManager';
import type { Services } from '../services';
import { requireTrust } from '../trust';
import { runOf, type RunArgument } from './runArgument';
import { exists, isAlive, isShownActive, readPoints, type Run } from './runFolder';

type Act = (run: Run) => Promise<void>;

const canResume = (run: Run): boolean => ['stopped', 'interrupted', 'failed'].includes(run.status);
const hasStudent = (run: Run): boolean => run.status === 'done';

const stop =
  ({ store }: Services): Act =>
  async (run) => {
    if (!isShownActive(run.status)) {
      const gone = run.status === 'interrupted' ? 'Its process is gone already.' : 'It has ended already.';
      void vscode.window.showInformationMessage(`“${run.name}” cannot be stopped. ${gone}`);
      return;
    }
    const file = join(run.folder, runFiles.stop);
    await writeFile(`${file}.tmp`, '');
    await rename(`${file}.tmp`, file);
    vscode.window.setStatusBarMessage(`“${run.name}” stops at its next batch.`, 4000);
    await store.refresh(run.id);
  };

const resume =
  (services: Services): Act =>
  async (run) => {
    if (!(await requireTrust())) return;
    if (!canResume(run) || (run.state.pid !== null && isAlive(run.state.pid) && run.status !== 'interrupted'))
      throw new Failed(
        'stopped',
        `“${run.name}” is not stopped.`,
        'Only a run that has not finished can be resumed.',
      );
    await launchRun(services, run.id, run.folder);
    await vscode.commands.executeCommand(commands.openCurves, run.id);
  };

const csv: () => Act = () => async (run) => {
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(run.folder, '../../..', `${run.id}.csv`)),
    filters: { 'Comma-separated values': ['csv'] },
    title: 'Export the Points of the Run',
  });
  if (!target) return;
  const text = metricsCsv(await readPoints(run.folder));
  await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(text));
  const open = 'Open';
  const chosen = await vscode.window.showInformationMessage(
    `The points of “${run.name}” are exported.`,
    open,
  );
  if (chosen === open) await vscode.window.showTextDocument(target);
};

const exportStudent =
  ({ engine }: Services): Act =>
  async (run) => {
    if (!(await requireTrust())) return;
    const chosen = await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: 'Export Here',
      title: `Export the Student of “${run.name}”`,
    });
    const parent = chosen?.[0];
    if (!parent) return;
    const folder = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: 'Exporting the student' },
      () =>
        engine.call(
          'exportStudent',
          run.folder,
          join(parent.fsPath, `${run.name.replaceAll(' ', '-')}-student`),
        ),
    );
    const target = vscode.Uri.file(folder);
    const reveal = vscode.workspace.getWorkspaceFolder(target) ? ['Reveal'] : [];
    const next = await vscode.window.showInformationMessage(`The student is at ${folder}.`, ...reveal);
    if (next !== undefined) await vscode.commands.executeCommand('revealInExplorer', target);
  };

const moveAway = async (folder: string): Promise<void> => {
  const uri = vscode.Uri.file(folder);
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
  }
};

const describe = (runs: readonly Run[]): string =>
  runs.length === 1 ? `the run “${runs[0]?.name}”` : `${runs.length} runs`;

/** Asks once, then deletes; refuses all if one of them is running. */
export const deleteRuns = async ({ store }: Services, runs: readonly Run[]): Promise<void> => {
  for (const { id } of runs) await store.refresh(id);
  const now = runs.flatMap(({ id }) => store.get(id) ?? []);
  const running = now.find((run) => isShownActive(run.status));
  if (running) throw new Failed('stopped', `“${running.name}” is running.`, 'Stop it first, then delete it.');
  if (now.length === 0) return;
  const yes = 'Delete';
  const detail = 'Checkpoints, curves, report and student are moved to the trash where there is one.';
  const question = `Delete ${describe(now)}?`;
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, yes)) !== yes) return;
  for (const run of now) await moveAway(run.folder);
  await store.reload();
};

const showFile = async (run: Run, file: string, what: string): Promise<void> => {
  const path = join(run.folder, file);
  if (!(await exists(path)))
    throw new Failed('runNotFound', `“${run.name}” has no ${what} yet.`, 'It is written once the run works.');
  await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: true });
};

const openRecipe: Act = async (run) => {
  const isThere = await exists(run.source);
  const path = isThere ? run.source : join(run.folder, runFiles.recipe);
  await vscode.window.showTextDocument(vscode.Uri.file(path));
};

const any = (): boolean => true;

/** What can be done with one run: the command, which runs it fits, and what it does. */
export const runActions = (
  services: Services,
  panels: PanelManager,
): [CommandId, (run: Run) => boolean, Act][] => [
  [commands.openCurves, any, async (run) => panels.openCurves([run.id])],
  [
    commands.openActivations,
    any,
    async (run) => {
      if (await requireTrust()) panels.openActivations(run.id);
    },
  ],
  [commands.openReport, hasStudent, (run) => panels.openReport(run)],
  [commands.openRecipe, any, openRecipe],
  [commands.stopRun, (run) => isShownActive(run.status), stop(services)],
  [commands.resumeRun, canResume, resume(services)],
  [commands.exportCsv, any, csv()],
  [commands.exportStudent, hasStudent, exportStudent(services)],
  [commands.showRunLog, any, (run) => showFile(run, runFiles.log, 'log')],
  [
    commands.revealRun,
    any,
    async (run) =>
      void (await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(run.folder))),
  ],
  [commands.copyRunPath, any, async (run) => vscode.env.clipboard.writeText(run.folder)],
];

/** Finds the run that a command means, then acts. */
export const onRun =
  ({ store }: Services, isFit: (run: Run) => boolean, act: Act) =>
  async (argument: RunArgument): Promise<void> => {
    const run = await runOf(store, argument, isFit);
    if (run) await act(run);
  };
