import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../engine/random';

/** A project small enough to train in seconds: 12x12 pictures of bars in three directions under noise. */
export interface TinyProject {
  folder: string;
  recipe: string;
  /** Writes the recipe again with changes at the top level. */
  change(changes: Record<string, unknown>): Promise<void>;
  remove(): Promise<void>;
}

const size = 12;
const classes = 3;

/** A `.npy` file, version 1.0, C order. */
export const npy = (
  dtype: '|u1' | '<f4' | '<i4',
  shape: readonly number[],
  values: Uint8Array | Float32Array | Int32Array,
): Uint8Array => {
  const text = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padding = 64 - ((10 + text.length + 1) % 64);
  const header = Buffer.from(`${text}${' '.repeat(padding)}\n`, 'latin1');
  const start = Buffer.alloc(10);
  start.write('\x93NUMPY', 0, 'latin1');
  start[6] = 1;
  start.writeUInt16LE(header.length, 8);
  return Buffer.concat([start, header, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
};

const drawBar = (image: Uint8Array, label: number, random: Random): void => {
  const at = random.integer(size - 4) + 2;
  for (let step = 0; step < size; step++) {
    const [row, column] = label === 0 ? [at, step] : label === 1 ? [step, at] : [step, (step + at) % size];
    image[(row ?? 0) * size + (column ?? 0)] = 255;
  }
};

const drawSplit = (count: number, name: string) => {
  const random = new Random(name);
  const images = new Uint8Array(count * size * size).map(() => random.integer(60));
  const labels = Int32Array.from({ length: count }, (_, index) => index % classes);
  labels.forEach((label, index) =>
    drawBar(images.subarray(index * size * size, (index + 1) * size * size), label, random),
  );
  return { images: npy('|u1', [count, size, size, 1], images), labels: npy('<i4', [count], labels) };
};

const network = (name: string, widths: readonly number[]): string => `
const tf = require('@tensorflow/tfjs');
exports.${name} = () => {
  const model = tf.sequential();
  model.add(tf.layers.conv2d({ name: 'conv1', inputShape: [${size}, ${size}, 1], filters: ${widths[0]}, kernelSize: 3, padding: 'same', useBias: false }));
  model.add(tf.layers.batchNormalization({ name: 'norm1', momentum: 0.9 }));
  model.add(tf.layers.activation({ name: 'relu1', activation: 'relu' }));
  model.add(tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }));
  model.add(tf.layers.conv2d({ name: 'conv2', filters: ${widths[1]}, kernelSize: 3, padding: 'same', activation: 'relu' }));
  model.add(tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat: 'channelsLast' }));
  model.add(tf.layers.dropout({ name: 'drop', rate: 0.2 }));
  model.add(tf.layers.dense({ name: 'classes', units: ${classes}, activation: 'softmax' }));
  return model;
};
`;

export const baseRecipe = {
  name: 'bars',
  teacher: { model: 'teacher.js#teacher', train: { epochs: 6 } },
  student: 'student.js#student',
  data: {
    kind: 'arrays',
    images: 'images.npy',
    labels: 'labels.npy',
    testImages: 'test-images.npy',
    testLabels: 'test-labels.npy',
    input: { divide: 255 },
    augment: { flip: true, crop: 1 },
  },
  losses: [
    { method: 'task', weight: 0.1 },
    { method: 'kd', weight: 0.9 },
    { method: 'cwd', weight: 3, pairs: [{ teacher: 'conv2', student: 'conv2' }] },
  ],
  training: { epochs: 4, batchSize: 32, learningRate: 0.2, logEvery: 2 },
};

/** Channels of the two convolutions of each network. */
export interface Widths {
  teacher: readonly [number, number];
  student: readonly [number, number];
}

/** Wide enough for Winograd's kernels, which the default is not. */
export const wide: Widths = { teacher: [16, 24], student: [16, 16] };

export const tinyProject = async (
  widths: Widths = { teacher: [8, 16], student: [4, 6] },
): Promise<TinyProject> => {
  const folder = await mkdtemp(join(tmpdir(), 'retort-bars-'));
  const train = drawSplit(480, 'bars/train');
  const test = drawSplit(30, 'bars/test');
  const recipe = join(folder, 'student.distill.json');
  const change = (changes: Record<string, unknown>) =>
    writeFile(recipe, JSON.stringify({ ...baseRecipe, ...changes }, null, 2));
  await mkdir(join(folder, '.vscode'));
  await Promise.all([
    writeFile(join(folder, 'images.npy'), train.images),
    writeFile(join(folder, 'labels.npy'), train.labels),
    writeFile(join(folder, 'test-images.npy'), test.images),
    writeFile(join(folder, 'test-labels.npy'), test.labels),
    writeFile(join(folder, 'teacher.js'), network('teacher', widths.teacher)),
    writeFile(join(folder, 'student.js'), network('student', widths.student)),
    change({}),
  ]);
  return { folder, recipe, change, remove: () => rm(folder, { recursive: true, force: true }) };
};
