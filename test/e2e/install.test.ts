import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../../setup/project.mjs';
import { startVscodeSession, type VscodeSession } from '../vscode/session';
import { makeSampleProject, type SampleProject } from './sampleProject';

let project: SampleProject;
let session: VscodeSession;

const packageExtension = (): string => {
  const printed = execFileSync(process.execPath, [join(projectRoot, 'setup', 'package.mjs')], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = /^(\S.*\.vsix) \(/m.exec(printed)?.[1];
  if (file === undefined) throw new Error(`No VSIX was made:\n${printed}`);
  return file;
};

beforeAll(async () => {
  project = await makeSampleProject();
  session = await startVscodeSession({ vsix: [packageExtension()] });
  await session.workbench.open(session.server.url, project.folder);
});
afterAll(async () => {
  await session?.close();
  await project?.remove();
});

test('the packaged extension installs in a clean profile and activates', async () => {
  const { workbench } = session;
  await workbench.openFile('student.ts');
  await workbench.lens('Distill this model').waitFor({ timeout: 60_000 });
});

test('its own engine answers: the methods are offered, and a recipe is written', async () => {
  const { workbench } = session;
  await workbench.lens('Distill this model').click();
  await workbench.choose('data');
  await workbench.quickRow('Soft targets').waitFor({ timeout: 60_000 });
  await workbench.confirm();
  await workbench.choose('teacher.ts#teacher');
  await workbench.answer('What is the recipe called?', 'packaged');
  await workbench.tab('packaged.distill.json').waitFor();
  const recipe = JSON.parse(await project.read('packaged.distill.json'));
  expect(recipe.teacher.model).toBe('teacher.ts#teacher');
  await session.shoot('installed');
});
