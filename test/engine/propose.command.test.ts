import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Proposal } from '../../engine/contract/profile';
import { readRecipe } from '../../engine/recipe';
import { startRun } from '../../engine/run/start';
import { propose } from '../../engine/terminal/propose';
import { tinyProject, type TinyProject } from './tinyProject';

beforeAll(async () => {
  await useBackend('auto');
});

describe('retort propose', () => {
  let project: TinyProject;
  let folder = '';
  beforeAll(async () => {
    project = await tinyProject();
    folder = await mkdtemp(join(tmpdir(), 'retort-propose-'));
  });
  afterAll(async () => {
    await project.remove();
    await rm(folder, { recursive: true });
  });

  const models = () =>
    [join(project.folder, 'teacher.js#teacher'), join(project.folder, 'student.js#student')] as const;

  it('measures on the data of a recipe, and writes a recipe that is valid where it lies', async () => {
    const file = join(folder, 'nested', 'accepted.distill.json');
    const { text, value } = await propose(...models(), {
      backend: 'auto',
      data: project.recipe,
      recipe: file,
      methods: ['task', 'cwd', 'at'],
    });
    expect(text).toContain('samples of the data');
    expect(text).toContain(file);
    expect((value as Proposal).probe.source).toBe('data');
    const recipe = await readRecipe(file);
    expect(recipe.losses.map(({ method }) => method)).toEqual(['task', 'cwd', 'at']);
    expect(recipe.losses[1]?.pairs).toEqual([
      { teacher: 'conv2', student: 'conv2', adapter: 'conv1x1-bn-relu' },
    ]);
    expect(recipe.losses[2]?.pairs).toEqual([
      { teacher: 'relu1', student: 'relu1', adapter: 'none' },
      { teacher: 'conv2', student: 'conv2', adapter: 'none' },
    ]);
    expect(recipe.teacher?.[0]).toMatchObject({ train: { epochs: 6 } });
    expect(existsSync(join(folder, 'nested', (recipe.data as { images: string }).images))).toBe(true);
  });

  it('never writes over a recipe unless it is told to', async () => {
    const file = join(folder, 'kept.distill.json');
    await writeFile(file, 'mine');
    const options = { backend: 'auto', data: project.recipe, recipe: file } as const;
    await expect(propose(...models(), options)).rejects.toMatchObject({ code: 'recipeInvalid' });
    expect(await readFile(file, 'utf8')).toBe('mine');
    await propose(...models(), { ...options, force: true });
    expect((await readRecipe(file)).losses.map(({ method }) => method)).toContain('task');
  });

  it('refuses a method that does not suit, and a recipe without data', async () => {
    const options = { backend: 'auto', recipe: join(folder, 'never.distill.json') } as const;
    await expect(propose(...models(), options)).rejects.toMatchObject({
      code: 'recipeInvalid',
      next: expect.stringContaining('--data') as string,
    });
    await expect(
      propose(...models(), { ...options, data: project.recipe, methods: ['mixskd'] }),
    ).rejects.toMatchObject({ code: 'recipeInvalid', message: expect.stringContaining('mixskd') as string });
    await expect(
      propose(...models(), { backend: 'auto', data: join(folder, 'nowhere') }),
    ).rejects.toMatchObject({
      code: 'dataNotFound',
    });
    expect(existsSync(options.recipe)).toBe(false);
  });

  it('is refused by a run before the first step where a changed pair cannot work, with the shapes', async () => {
    const pairs = [{ teacher: 'conv1', student: 'conv2', adapter: 'conv3x3-stride2' }];
    await project.change({ losses: [{ method: 'cwd', pairs }] });
    const run = startRun(project.recipe, { onFolder: () => undefined, onState: () => undefined });
    await expect(run).rejects.toMatchObject({
      code: 'pairMismatch',
      message: expect.stringMatching(/"conv1" \(12x12x8\).*"conv2" \(6x6x6\).*halves/) as string,
    });
    expect(existsSync(join(project.folder, '.retort'))).toBe(false);
    await project.change({});
  });
});
