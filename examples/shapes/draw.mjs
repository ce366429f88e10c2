// Draws the sample data into examples/shapes/data: `node draw.mjs`. Draws nothing where they are complete already.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import seedrandom from 'seedrandom';
import sharp from 'sharp';
import { drawPicture, shapes, side } from './picture.mjs';

/** Raised whenever the drawing changes, so that older pictures are drawn again. */
const version = 2;
const perClass = { train: 500, test: 150 };
const classes = Object.keys(shapes);

const data = join(dirname(fileURLToPath(import.meta.url)), 'data');
const marker = 'drawn.json';
const stamp = JSON.stringify({ version, perClass, classes });

const png = (bytes, channels) =>
  sharp(bytes, { raw: { width: side, height: side, channels } })
    .png({ compressionLevel: 6 })
    .toBuffer();

const drawOne = async (folder, split, name, number) => {
  const { rgb, mask, area, angle } = drawPicture(seedrandom.alea(`${split}/${name}/${number}`), name);
  const file = join(split, name, `${String(number).padStart(3, '0')}.png`);
  await Promise.all([
    writeFile(join(folder, file), await png(rgb, 3)),
    writeFile(join(folder, 'masks', file), await png(mask, 1)),
  ]);
  return [file.replaceAll('\\', '/'), name, area, angle.toFixed(1)].join(',');
};

const drawSplit = async (folder, split) => {
  const lines = ['picture,class,area,angle'];
  for (const name of classes) {
    await mkdir(join(folder, split, name), { recursive: true });
    await mkdir(join(folder, 'masks', split, name), { recursive: true });
    const numbers = Array.from({ length: perClass[split] }, (_, index) => index);
    lines.push(...(await Promise.all(numbers.map((number) => drawOne(folder, split, name, number)))));
  }
  await writeFile(join(folder, `${split}.csv`), `${lines.join('\n')}\n`);
};

const isComplete = async () =>
  existsSync(join(data, marker)) && (await readFile(join(data, marker), 'utf8')) === stamp;

const draw = async () => {
  if (existsSync(data) && !existsSync(join(data, marker))) {
    throw new Error(`${data} holds something else. Move it away, then draw again.`);
  }
  const part = `${data}.${process.pid}.part`;
  try {
    for (const split of Object.keys(perClass)) await drawSplit(part, split);
    await writeFile(join(part, marker), stamp);
    await rm(data, { recursive: true, force: true });
    await rename(part, data);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
};

if (await isComplete()) console.log(`The pictures in ${data} are complete.`);
else {
  const count = classes.length * (perClass.train + perClass.test);
  console.log(`Drawing ${count} pictures into ${data} ...`);
  await draw();
}
