import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { linkedExtension, startVscodeSession, type VscodeSession } from '../vscode/session';
import { makeSampleProject, type SampleProject } from './sampleProject';

/** Takes a Python with TensorFlow and Keras, which nobody's machine has by itself. */
const python = process.env.RETORT_TEST_PYTHON ?? '';
const reason = 'set RETORT_TEST_PYTHON to a Python that has TensorFlow and Keras';

const network = `import keras
from keras import layers

student = keras.Sequential(
    [
        keras.Input((32, 32, 3)),
        layers.Conv2D(8, 3, padding="same", activation="relu", name="conv"),
        layers.GlobalAveragePooling2D(name="mean"),
        layers.Dense(6, name="classes"),
    ]
)
`;

let project: SampleProject;
let session: VscodeSession;
let cache = '';

beforeAll(async () => {
  if (!python) return;
  cache = await mkdtemp(join(tmpdir(), 'retort-cache-'));
  project = await makeSampleProject();
  await project.write('networks.py', network);
  await mkdir(join(project.folder, '.vscode'), { recursive: true });
  await project.write('.vscode/settings.json', JSON.stringify({ 'retort.python': python }));
  session = await startVscodeSession({
    extensions: [linkedExtension],
    env: { RETORT_CACHE: cache },
  });
  await session.workbench.open(session.server.url, project.folder);
});
afterAll(async () => {
  await session?.close();
  await project?.remove();
  if (cache) await rm(cache, { recursive: true, force: true });
});
beforeEach((context) => {
  if (!python) context.skip(reason);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await session.shoot('failed');
});

const dialog = (text: string) => session.workbench.page.locator('.monaco-dialog-box', { hasText: text });

const runtimes = (): Promise<string[]> =>
  readdir(join(cache, 'tensorflow')).then(
    (names) => names.filter((name) => /^\d/.test(name)),
    () => [],
  );

describe('with a Python that has TensorFlow and Keras', () => {
  test('Distill this model saves the model of Python code and goes on with the file', async () => {
    const { workbench } = session;
    await workbench.openFile('networks.py');
    await workbench.lens('Distill this model').click({ timeout: 60_000 });
    const asked = dialog('Save “student” as a file that Retort can open?');
    await asked.waitFor();
    await session.shoot('python-asked');
    await asked.getByRole('button', { name: 'Run and Save' }).click();
    await workbench.quickRow('teacher.ts#teacher').click({ timeout: 60_000 });
    await workbench.choose('data');
    await workbench.quickRow('Soft targets').waitFor({ timeout: 60_000 });
    await workbench.confirm();
    await workbench.answer('What is the recipe called?', 'from-keras');
    await workbench.tab('from-keras.distill.json').waitFor({ timeout: 60_000 });
    const recipe = JSON.parse(await project.read('from-keras.distill.json'));
    expect(recipe.student).toBe('.retort/networks-student.keras');
    expect(recipe.teacher.model).toBe('teacher.ts#teacher');
    expect(existsSync(join(project.folder, recipe.student))).toBe(true);
    await session.shoot('python-recipe');
  });

  test('Set Up Native TensorFlow uses the TensorFlow of that Python, and tells of it', async () => {
    const { workbench } = session;
    await workbench.runCommand('Retort: Set Up Native TensorFlow');
    await dialog('Set up TensorFlow for Retort?').getByRole('button', { name: 'Set Up' }).click();
    await expect.poll(runtimes, { timeout: 120_000 }).toHaveLength(1);
    await workbench.tab(/Retort Setup/).waitFor({ timeout: 60_000 });
    await session.shoot('setup-done');
    expect(await readdir(join(cache, 'tensorflow', (await runtimes())[0] ?? ''))).not.toContain(
      'libtensorflow_cc.so.2',
    );
  });

  test('Remove Native TensorFlow asks with the size, and removes it', async () => {
    const { workbench } = session;
    await workbench.runCommand('Retort: Remove Native TensorFlow');
    const asked = dialog('from Retort’s cache folder?');
    await asked.waitFor({ timeout: 60_000 });
    expect(await asked.innerText()).toMatch(/Remove TensorFlow \d+\.\d+\.\d+ \(0\.1 MB\)/);
    await session.shoot('remove-asked');
    await asked.getByRole('button', { name: 'Remove' }).click();
    await workbench.toast('TensorFlow was removed; 0.1 MB are free again.').waitFor({ timeout: 60_000 });
    expect(await runtimes()).toEqual([]);
  });
});
