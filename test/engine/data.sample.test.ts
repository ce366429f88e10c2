import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import seedrandom from 'seedrandom';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { openModel } from '../../engine/models/open';
import { tapShape } from '../../engine/models/network';
import { readRecipe } from '../../engine/recipe';

interface Picture {
  rgb: Uint8Array;
  mask: Uint8Array;
  area: number;
  angle: number;
}
interface Drawing {
  side: number;
  shapes: Record<string, (x: number, y: number) => number>;
  drawPicture(random: () => number, name: string): Picture;
}

const examples = resolve(__dirname, '../../examples');
const drawing = (await import(resolve(examples, 'shapes/picture.mjs'))) as Drawing;
const { drawPicture, shapes, side } = drawing;

const brightness = ({ rgb }: Picture, wanted: (pixel: number) => boolean): number => {
  const chosen = [...Array(side * side).keys()].filter(wanted);
  const sum = chosen.reduce(
    (total, pixel) => total + [0, 1, 2].reduce((all, channel) => all + (rgb[pixel * 3 + channel] ?? 0), 0),
    0,
  );
  return sum / chosen.length / 3;
};

describe('the drawn pictures', () => {
  it.each(Object.keys(shapes))(
    'show a %s that its mask covers and that is brighter than the ground',
    (name) => {
      for (let number = 0; number < 10; number++) {
        const picture = drawPicture(seedrandom.alea(`test/${number}`), name);
        const { rgb, mask, area, angle } = picture;
        expect([rgb.length, mask.length]).toEqual([side * side * 3, side * side]);
        expect(area).toBe(mask.filter((value) => value === 255).length);
        expect(area).toBeGreaterThan(25);
        expect(area).toBeLessThan(side * side * 0.45);
        expect(angle).toBeGreaterThanOrEqual(0);
        expect(angle).toBeLessThan(360);
        const inside = (pixel: number) => mask[pixel] === 255;
        expect(brightness(picture, inside)).toBeGreaterThan(
          brightness(picture, (pixel) => !inside(pixel)) + 15,
        );
      }
    },
  );

  it('are the same for the same random numbers', () => {
    const once = () => drawPicture(seedrandom.alea('same'), 'star');
    expect(once()).toEqual(once());
    expect(drawPicture(seedrandom.alea('other'), 'star').rgb).not.toEqual(once().rgb);
  });
});

const recipes = ['shapes/student.distill.json', 'fashion-mnist/student.distill.json'];
describe.each(recipes)('the recipe examples/%s', (name) => {
  beforeAll(() => useBackend('cpu'));

  it('names a student of at most a tenth of its teacher, and layers that both have', async () => {
    const file = resolve(examples, name);
    const recipe = await readRecipe(file);
    const open = (model: string) => openModel(resolve(file, '..', model), { input: {}, seed: 'test' });
    const [teacher, student] = [
      await open(recipe.teacher?.[0]?.model ?? ''),
      await open(recipe.student.model),
    ];
    expect(student.info.parameters * 10).toBeLessThanOrEqual(teacher.info.parameters);
    expect(student.info.inputShape).toEqual(teacher.info.inputShape);
    for (const pair of recipe.losses.flatMap(({ pairs }) => pairs ?? [])) {
      expect(tapShape(teacher.info, pair.teacher)?.slice(0, 2)).toEqual(
        tapShape(student.info, pair.student)?.slice(0, 2),
      );
    }
    teacher.dispose();
    student.dispose();
  });

  it('points at the schema that the build writes', async () => {
    const { $schema } = JSON.parse(await readFile(resolve(examples, name), 'utf8')) as { $schema: string };
    expect(resolve(examples, name, '..', $schema)).toBe(resolve(examples, '../dist/recipe.schema.json'));
  });
});

describe.each(['regression', 'segmentation', 'detection', 'features'])(
  'the recipe examples/tasks/%s',
  (task) => {
    beforeAll(() => useBackend('cpu'));

    it('names networks for its task, the student far smaller, and layers that both have', async () => {
      const file = resolve(examples, `tasks/${task}.distill.json`);
      const recipe = await readRecipe(file);
      expect(recipe.task).toBe(task);
      const open = (model: string) => openModel(resolve(file, '..', model), { input: {}, seed: 'test' });
      const [teacher, student] = [
        await open(recipe.teacher?.[0]?.model ?? ''),
        await open(recipe.student.model),
      ];
      expect(student.info.parameters * 7).toBeLessThanOrEqual(teacher.info.parameters);
      expect(student.info.inputShape).toEqual(teacher.info.inputShape);
      for (const { teacher: from, student: to } of recipe.losses.flatMap(({ pairs }) => pairs ?? []))
        expect(tapShape(teacher.info, from)?.slice(0, 2)).toEqual(tapShape(student.info, to)?.slice(0, 2));
      teacher.dispose();
      student.dispose();
    });
  },
);
