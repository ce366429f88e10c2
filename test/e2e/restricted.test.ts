import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkedExtension, startVscodeSession, type VscodeSession } from '../vscode/session';
import { engineProcesses } from './engineProcesses';
import { CurvesReader } from './pages';
import { finishRun, makeSampleProject, type SampleProject } from './sampleProject';

let project: SampleProject;
let session: VscodeSession;

beforeAll(async () => {
  project = await makeSampleProject();
  await finishRun(project);
  session = await startVscodeSession({ extensions: [linkedExtension], trust: true });
  await session.workbench.open(session.server.url, project.folder);
});
afterAll(async () => {
  await session?.close();
  await project?.remove();
});

test('Restricted Mode shows the runs of a folder', async () => {
  const { workbench } = session;
  await workbench.page.locator('.part.statusbar', { hasText: 'Restricted Mode' }).waitFor();
  await workbench.openView('Retort');
  await workbench.treeRow('short').click();
  const curves = await CurvesReader.find(workbench);
  await expect.poll(() => curves.results.count()).toBe(2);
  await session.shoot('restricted-runs');
});

test('Restricted Mode executes nothing of it', async () => {
  const { workbench } = session;
  await workbench.openFile('student.ts');
  await workbench.openQuickInput('F1', '>Retort: ');
  await workbench.quickRow('Retort: Refresh').waitFor();
  for (const title of ['Retort: Distill a Model', 'Retort: Run Recipe'])
    expect(await workbench.quickRow(title).count()).toBe(0);
  await workbench.page.keyboard.press('Escape');
  expect(await workbench.lens('Distill this model').count()).toBe(0);
  expect(engineProcesses(session.server)).toEqual([]);
});

test('trusting the folder brings the lens at once', async () => {
  const { workbench } = session;
  await workbench.runCommand('Workspaces: Manage Workspace Trust');
  await workbench.page
    .locator('.workspace-trust-editor')
    .getByRole('button', { name: 'Trust' })
    .first()
    .click();
  await workbench.openFile('student.ts');
  await workbench.lens('Distill this model').waitFor();
  await session.shoot('trusted');
});
