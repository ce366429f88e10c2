import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunState } from '../../engine/contract/run';
import { executeRun } from '../../engine/run/execute';
import { readState } from '../../engine/run/folder';
import { createRun } from '../../engine/run/start';

const pictures = 6;
const student = `
const tf = require('@tensorflow/tfjs');
exports.student = () => tf.sequential({ layers: [
  tf.layers.flatten({ name: 'flat', inputShape: [4, 4, 3] }),
  tf.layers.dense({ name: 'classes', units: 2 }),
] });
`;

let folder: string;
let recipe: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-preparing-'));
  recipe = join(folder, 'student.distill.json');
  const background = { r: 9, g: 8, b: 7 };
  const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background } })
    .png()
    .toBuffer();
  for (const name of ['a', 'b']) await mkdir(join(folder, 'data', name), { recursive: true });
  for (let index = 0; index < pictures; index++)
    await writeFile(join(folder, 'data', index % 2 === 0 ? 'a' : 'b', `${index}.png`), picture);
  await writeFile(join(folder, 'student.js'), student);
  await writeFile(
    recipe,
    JSON.stringify({
      student: 'student.js#student',
      data: { kind: 'folders', path: 'data', validation: 0.5 },
      losses: [{ method: 'task' }],
      training: { epochs: 1, batchSize: 2 },
      control: false,
    }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a run tells how far its pictures are decoded, until they are', async () => {
  const run = await createRun(recipe);
  const seen: RunState[] = [];
  await executeRun(run, { onState: (state) => seen.push(state) });
  const told = seen.filter(({ decoded }) => decoded);
  expect(told.map(({ decoded }) => decoded)).toEqual(
    Array.from({ length: pictures }, (_, index) => ({ done: index + 1, total: pictures })),
  );
  expect(new Set(told.map(({ status }) => status))).toEqual(new Set(['preparing']));
  expect(await readState(run)).toMatchObject({ status: 'done', decoded: null });
});

it('a run stops while it decodes, when asked to', async () => {
  const run = await createRun(recipe);
  const onState = ({ decoded }: RunState): void => {
    if (decoded) writeFileSync(join(run, 'stop'), '');
  };
  await expect(executeRun(run, { onState })).rejects.toMatchObject({ code: 'stopped' });
  expect(await readState(run)).toMatchObject({ status: 'stopped', decoded: null, totalSteps: 0 });
});
