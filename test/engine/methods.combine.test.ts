import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRecipe } from '../../engine/recipe';
import { freezeRecipe } from '../../engine/run/folder';
import { prepareRun } from '../../engine/run/prepare';
import { tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;
beforeAll(async () => {
  project = await tinyProject();
});
afterAll(() => project.remove());

/** The stages that these losses make, in their order. */
const stagesOf = async (...losses: Record<string, unknown>[]): Promise<string[]> => {
  await project.change({ losses, teacher: 'teacher.js#teacher', control: false, backend: 'cpu' });
  const prepared = await prepareRun(freezeRecipe(await readRecipe(project.recipe), project.recipe));
  prepared.dispose();
  return prepared.stages.map(({ name }) => name);
};

const trained = { method: 'hsakd', backbone: 'trained' };

describe('losses together', () => {
  it('are refused where both compose the batches', async () => {
    await expect(stagesOf({ method: 'mcl' }, { method: 'lmcl' })).rejects.toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('mcl and lmcl both compose the batches') as string,
    });
  });

  it('are refused where one trains the teacher on after another has trained heads on it', async () => {
    await expect(stagesOf({ method: 'sskd' }, trained)).rejects.toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('hsakd trains the teacher on, after sskd') as string,
      next: 'Put the loss hsakd before sskd.',
    });
    await expect(stagesOf(trained, trained)).rejects.toMatchObject({ code: 'recipeInvalid' });
    expect(await stagesOf(trained, { method: 'sskd' })).toEqual(['hsakd-heads', 'sskd-head', 'student']);
  });

  it('go together whatever they view, match and train beside the student', async () => {
    const all = [
      'hsakd',
      'sskd',
      'mixskd',
      'dml',
      'mfef',
      'cen',
      'ho',
      'mgd',
      'crd',
      'ctkd',
      'csc',
      'det-zm',
    ];
    expect(await stagesOf(...all.map((method) => ({ method })))).toEqual([
      'hsakd-heads',
      'sskd-head',
      'student',
    ]);
  });
});
