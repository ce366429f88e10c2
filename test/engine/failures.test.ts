import { existsSync } from 'node:fs';
import { mkdir, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../engine/contract/failure';
import type { RunReport } from '../../engine/contract/run';
import { runCommand } from './command';
import { npy, tinyProject, type TinyProject } from './tinyProject';

let project: TinyProject;

const arrays = (images: string, labels: string) => ({ kind: 'arrays', images, labels });

/** Runs the project's recipe, which must fail; gives the one document on standard output. */
const failing = async (): Promise<Failure> => {
  const { code, output, errors } = await runCommand(['run', project.recipe, '--json']);
  expect(code).toBe(1);
  expect(`${output}${errors}`).not.toMatch(/\n\s+at .*:\d+:\d+/);
  const { failure } = JSON.parse(output) as { failure: Failure };
  expect(failure.message).toMatch(/^[^\n]+[.?”"]$/);
  expect(failure.next).toMatch(/\w+/);
  expect(errors).toContain(failure.next);
  expect(existsSync(join(project.folder, '.retort'))).toBe(false);
  expect((await readdir(project.folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  return failure;
};

beforeAll(async () => {
  project = await tinyProject();
});
afterAll(() => project.remove());

describe('a recipe that cannot work ends with a code, a sentence and a next step, and leaves nothing behind', () => {
  it('a missing teacher', async () => {
    await project.change({ teacher: 'nowhere/model.json' });
    expect(await failing()).toMatchObject({
      code: 'modelNotFound',
      message: expect.stringContaining('nowhere') as string,
    });
  });

  it('an unknown layer in a pair, with the nearest name', async () => {
    await project.change({ losses: [{ method: 'cwd', pairs: [{ teacher: 'conv9', student: 'conv2' }] }] });
    const failure = await failing();
    expect(['pairMismatch', 'recipeInvalid']).toContain(failure.code);
    expect(failure.message).toContain('conv9');
    expect(failure.message).toMatch(/nearest name is "conv\d"/);
  });

  it('a misspelt key, with the key that was meant', async () => {
    await project.change({ trianing: { epochs: 2 } });
    expect(await failing()).toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringMatching(/trianing.*Did you mean "training"\?/) as string,
    });
  });

  it('a misspelt key of a loss', async () => {
    await project.change({ losses: [{ method: 'kd', temprature: 4 }] });
    expect((await failing()).message).toMatch(/temprature.*temperature/);
  });

  it('an unknown method', async () => {
    await project.change({ losses: [{ method: 'kdd' }] });
    const failure = await failing();
    expect(failure.code).toBe('recipeInvalid');
    expect(failure.message).toContain('losses[0]');
  });

  it('a recipe that is no JSON', async () => {
    await writeFile(project.recipe, '{ "student": ');
    expect(await failing()).toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('not JSON') as string,
    });
  });

  it('an empty data set', async () => {
    await writeFile(join(project.folder, 'none.npy'), npy('|u1', [0, 12, 12, 1], new Uint8Array()));
    await writeFile(join(project.folder, 'none-labels.npy'), npy('<i4', [0], new Int32Array()));
    await project.change({ data: arrays('none.npy', 'none-labels.npy') });
    expect(await failing()).toMatchObject({ code: 'dataInvalid' });
  });

  it('nothing to measure the results on', async () => {
    await project.change({ data: { ...arrays('images.npy', 'labels.npy'), validation: 0 } });
    expect(await failing()).toMatchObject({
      code: 'recipeInvalid',
      message: expect.stringContaining('data.validation is 0') as string,
    });
  });

  it('an image folder without class folders', async () => {
    const folder = join(project.folder, 'pictures');
    await mkdir(folder);
    const picture = await sharp({ create: { width: 12, height: 12, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    await writeFile(join(folder, 'one.png'), picture);
    await project.change({ data: { kind: 'folders', path: 'pictures' } });
    expect(await failing()).toMatchObject({ code: 'dataInvalid' });
  });
});

describe('a teacher’s file', () => {
  it('trained by an earlier run opens again; with truncated weights it is refused with the byte counts', async () => {
    await project.change({ training: { epochs: 1, batchSize: 16 }, control: false });
    const first = await runCommand(['run', project.recipe, '--json']);
    expect(first.code, first.errors).toBe(0);
    const { run } = JSON.parse(first.output) as RunReport;
    const teacher = join(run, 'teacher', 'model.json');
    await project.change({ teacher, training: { epochs: 1, batchSize: 16 }, control: false });
    const second = await runCommand([
      'run',
      project.recipe,
      '--json',
      '--runs',
      join(project.folder, 'runs'),
    ]);
    expect(second.code, second.errors).toBe(0);
    await truncate(join(run, 'teacher', 'weights.bin'), 100);
    const { code, output } = await runCommand([
      'run',
      project.recipe,
      '--json',
      '--runs',
      join(project.folder, 'others'),
    ]);
    expect(code).toBe(1);
    const { failure } = JSON.parse(output) as { failure: Failure };
    expect(failure).toMatchObject({
      code: 'modelInvalid',
      message: expect.stringContaining('100') as string,
    });
    expect(existsSync(join(project.folder, 'others'))).toBe(false);
  }, 120_000);
});
