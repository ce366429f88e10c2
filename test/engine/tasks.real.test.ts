import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { filesBelow } from '../../engine/data/pictureFiles';
import { readMask, type MaskPicture } from '../../engine/data/maskPicture';
import { taskProject, type TaskOptions, type TaskProject } from './taskProject';

const shared = resolve(process.env['RETORT_TEST_DATA'] ?? '../shared/data');
const nuclei = join(shared, 'dsb2018-nuclei');
const isThere = existsSync(nuclei);
if (!isThere) console.warn(`Skipped: no nuclei at ${nuclei} (RETORT_TEST_DATA names the folder above).`);

let project: TaskProject | null = null;
afterEach(() => project?.remove());

const train = async (task: Parameters<typeof taskProject>[0], options: TaskOptions) => {
  project = await taskProject(task, { ...options, more: { control: false, ...options.more } });
  return project.run();
};
const taught = { teacher: { model: 'models.js#teacher', train: { epochs: 4 } } };
const pairs = [{ teacher: 'relu3', student: 'relu3' }];

/** [left, top, width, height] of every connected region of a mask of at least `least` pixels. */
const regions = ({ height, width, values }: MaskPicture, least: number): number[][] => {
  const seen = new Uint8Array(values.length);
  const found: number[][] = [];
  for (let start = 0; start < values.length; start++) {
    if (seen[start] || values[start] === 0) continue;
    const open = [start];
    seen[start] = 1;
    let [top, left, bottom, right, size] = [height, width, 0, 0, 0];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const [row, column] = [Math.floor(at / width), at % width];
      [top, left, bottom, right] = [
        Math.min(top, row),
        Math.min(left, column),
        Math.max(bottom, row + 1),
        Math.max(right, column + 1),
      ];
      size++;
      const near = [
        column > 0 ? at - 1 : -1,
        column < width - 1 ? at + 1 : -1,
        at - width,
        at + width < values.length ? at + width : -1,
      ];
      for (const next of near)
        if (next >= 0 && !seen[next] && values[next] !== 0) {
          seen[next] = 1;
          open.push(next);
        }
    }
    if (size >= least) found.push([left, top, right - left, bottom - top]);
  }
  return found;
};

describe.skipIf(!isThere)('nuclei', () => {
  let folder = '';
  let annotations = '';

  /** COCO annotations of every nucleus of the first pictures: regions of its inner class, so that neighbours part. */
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'retort-nuclei-'));
    annotations = join(folder, 'nuclei.json');
    const names = (await filesBelow(join(nuclei, 'masks_3class'), 'masks', () => true)).slice(0, 60);
    const content = {
      images: [] as object[],
      annotations: [] as object[],
      categories: [{ id: 1, name: 'nucleus' }],
    };
    for (const [id, name] of names.entries()) {
      const mask = await readMask(join(nuclei, 'masks_3class', name));
      content.images.push({ id, file_name: name, width: mask.width, height: mask.height });
      const inner = { ...mask, values: mask.values.map((value) => Number(value === 1)) };
      for (const bbox of regions(inner, 60)) content.annotations.push({ image_id: id, category_id: 1, bbox });
    }
    await writeFile(annotations, JSON.stringify(content));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are told from the ground', async () => {
    const { student, teacher } = await train('segmentation', {
      shape: [48, 48, 3],
      classes: 2,
      data: {
        kind: 'masks',
        images: join(nuclei, 'images'),
        masks: join(nuclei, 'masks_binary'),
        limit: 120,
      },
      losses: [
        { method: 'task' },
        { method: 'cwd', weight: 0.1, pairs: [{ teacher: 'logits', student: 'logits' }] },
      ],
      training: { epochs: 6, batchSize: 12, learningRate: 0.01 },
      more: taught,
    });
    expect(teacher?.metrics.miou).toBeGreaterThan(0.55);
    expect(student.metrics.miou).toBeGreaterThan(0.55);
  });

  it('are counted better than by their mean', async () => {
    const { student } = await train('regression', {
      shape: [48, 48, 3],
      data: {
        kind: 'csv',
        path: join(nuclei, 'index.csv'),
        folder: join(nuclei, 'images'),
        image: 'file',
        target: 'nuclei_count',
        limit: 160,
        validation: 0.2,
      },
      losses: [{ method: 'task' }, { method: 'fitnets', weight: 0.05, pairs }],
      training: { epochs: 8, batchSize: 16, learningRate: 0.003 },
      more: taught,
    });
    expect(student.metrics.r2).toBeGreaterThan(0.1);
    expect(student.metrics.mae).toBeLessThan(20);
  });

  it('are found, each by its box', async () => {
    const { student } = await train('detection', {
      shape: [96, 96, 3],
      classes: 1,
      data: { kind: 'coco', images: join(nuclei, 'images'), annotations, limit: 60, validation: 0.2 },
      training: { epochs: 20, batchSize: 8, learningRate: 0.01 },
      more: { teacher: undefined },
    });
    expect(student.metrics.ap50).toBeGreaterThan(0.1);
  });
});
