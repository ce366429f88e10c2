// Draws the sample data into the folder `data` beside this file: `node draw.mjs`.
// Draws nothing where they are complete already; an interrupted drawing leaves no half-filled folder behind.
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import sharp from 'sharp';
import { drawPicture, shapes, side } from './picture.mjs';

/** Raised whenever the drawing changes, so that older pictures are drawn again. */
const version = 3;
const perClass = { train: 500, test: 150 };
const classes = Object.keys(shapes);
const stamp = JSON.stringify({ version, perClass, classes });

const here = dirname(fileURLToPath(import.meta.url));
const data = join(here, 'data');

const png = (bytes, channels) =>
  sharp(bytes, { raw: { width: side, height: side, channels } })
    .png()
    .toBuffer();

/** Left, top, width and height of what a mask shows. */
const boxOf = (mask) => {
  const shown = [...mask.keys()].filter((pixel) => mask[pixel] > 0);
  const columns = shown.map((pixel) => pixel % side);
  const rows = shown.map((pixel) => Math.floor(pixel / side));
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  return [left, top, Math.max(...columns) - left + 1, Math.max(...rows) - top + 1];
};

/** Writes one picture and its mask; returns its line of the table, and its box. */
const drawOne = async (folder, split, name, number) => {
  const { rgb, mask, area, angle } = drawPicture(seedrandom.alea(`${split}/${name}/${number}`), name);
  const file = `${split}/${name}/${String(number).padStart(3, '0')}.png`;
  await writeFile(join(folder, file), await png(rgb, 3));
  await writeFile(join(folder, 'masks', file), await png(mask, 1));
  return { file, name, line: `${file},${name},${area},${angle.toFixed(1)}`, box: boxOf(mask) };
};

/** Every picture's box as COCO annotations. */
const boxesOf = (drawn) => ({
  images: drawn.map(({ file }, id) => ({ id, file_name: file, width: side, height: side })),
  annotations: drawn.map(({ name, box }, id) => ({
    id,
    image_id: id,
    category_id: classes.indexOf(name),
    bbox: box,
    area: box[2] * box[3],
    iscrowd: 0,
  })),
  categories: classes.map((name, id) => ({ id, name })),
});

const drawSplit = async (folder, split) => {
  const drawn = [];
  for (const name of classes) {
    await mkdir(join(folder, split, name), { recursive: true });
    await mkdir(join(folder, 'masks', split, name), { recursive: true });
    const numbers = Array.from({ length: perClass[split] }, (_, index) => index);
    drawn.push(...(await Promise.all(numbers.map((number) => drawOne(folder, split, name, number)))));
  }
  const lines = ['picture,class,area,angle', ...drawn.map(({ line }) => line)];
  await writeFile(join(folder, `${split}.csv`), `${lines.join('\n')}\n`);
  await writeFile(join(folder, `${split}-boxes.json`), JSON.stringify(boxesOf(drawn)));
};

/** What the finished drawing says of itself; nothing where there is none. */
const readStamp = () => readFile(join(data, 'drawn.json'), 'utf8').catch(() => undefined);

const isRunning = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Removes what drawings that were cut off have left. */
const removeLeftovers = async () => {
  for (const name of await readdir(here)) {
    const pid = /^data\.(\d+)\.part$/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) await rm(join(here, name), { recursive: true, force: true });
  }
};

const draw = async () => {
  const part = `${data}.${process.pid}.part`;
  try {
    for (const split of Object.keys(perClass)) await drawSplit(part, split);
    await writeFile(join(part, 'drawn.json'), stamp);
    if ((await readStamp()) === stamp) return;
    await rm(data, { recursive: true, force: true });
    await rename(part, data);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
};

const drawn = await readStamp();
const isForeign = drawn === undefined && (await stat(data).catch(() => undefined)) !== undefined;
await removeLeftovers();
if (drawn === stamp) console.log(`The pictures in ${data} are complete.`);
else if (isForeign) {
  console.error(`${data} holds something else. Move it away, then draw again.`);
  process.exitCode = 1;
} else {
  console.log(`Drawing ${classes.length * (perClass.train + perClass.test)} pictures into ${data}`);
  await draw();
}
