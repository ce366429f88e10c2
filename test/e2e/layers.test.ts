import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkedExtension, startVscodeSession, type VscodeSession } from '../vscode/session';
import { LayersReader } from './pages';
import { makeSampleProject, type SampleProject } from './sampleProject';

let project: SampleProject;
let session: VscodeSession;
const engineWithin = { timeout: 60_000 };

beforeAll(async () => {
  project = await makeSampleProject();
  session = await startVscodeSession({ extensions: [linkedExtension] });
  await session.workbench.open(session.server.url, project.folder);
});
afterAll(async () => {
  await session?.close();
  await project?.remove();
});

const lineOf = async (file: string, text: string): Promise<number> =>
  (await project.read(file)).split('\n').findIndex((line) => line.includes(text)) + 1;

test('layers lead to their code and back, and the pairs between them become a recipe', async () => {
  const { workbench } = session;
  await workbench.openFile('student.ts');
  await workbench.lens('Show layers').click({ timeout: 30_000 });
  const alone = await LayersReader.find(workbench);
  await alone.layer('student', 'conv3').waitFor({ timeout: 60_000 });
  await session.shoot('layers-alone');
  await alone.button('Choose a teacher…').click();
  await workbench.choose('teacher.ts#teacher');
  const page = await LayersReader.find(workbench);
  await expect.poll(() => page.status.innerText(), engineWithin).toContain('Measured on');
  await expect.poll(() => page.pairs.count(), engineWithin).toBeGreaterThan(1);
  await page.layer('student', 'conv2').dblclick();
  await workbench.codeLine('conv2').waitFor();
  await session.shoot('layers-both');
  await workbench.placeCursor('student.ts', await lineOf('student.ts', "'relu3'"));
  await expect.poll(() => page.chosen.getAttribute('data-layer')).toBe('relu3');
  await page.button('Write recipe').click();
  await workbench.tab('student.distill.json').waitFor({ timeout: 30_000 });
  const recipe = JSON.parse(await project.read('student.distill.json'));
  expect(recipe.teacher.model).toBe('teacher.ts#teacher');
  expect(recipe.data.path).toBe('data/train');
  const pairs = recipe.losses.flatMap((loss: { pairs?: { student: string }[] }) => loss.pairs ?? []);
  expect(pairs.map((pair: { student: string }) => pair.student)).toContain('relu3');
  await expect.poll(() => page.button('Update recipe').count()).toBe(1);
  await session.shoot('layers-recipe');
});
