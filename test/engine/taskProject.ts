import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '../../engine/contract/recipe';
import type { RunReport } from '../../engine/contract/run';
import { startRun } from '../../engine/run/start';
import { Random } from '../../engine/random';
import { npy } from './tinyProject';

/** Pictures of one bright rectangle each, as arrays, with what every task wants to know of them. */
export const side = 16;
const classes = 2;

const draw = (count: number, name: string) => {
  const random = new Random(name);
  const images = new Uint8Array(count * side * side).map(() => random.integer(60));
  const masks = new Uint8Array(count * side * side);
  const boxes = new Float32Array(count * 5);
  const labels = new Int32Array(count);
  const values = new Float32Array(count);
  for (let picture = 0; picture < count; picture++) {
    const label = random.integer(classes);
    const [height, width] = label === 0 ? [4, 8] : [8, 4];
    const [top, left] = [random.integer(side - height + 1), random.integer(side - width + 1)];
    for (let row = top; row < top + height; row++) {
      const at = (picture * side + row) * side;
      images.fill(200, at + left, at + left + width);
      masks.fill(1 + label, at + left, at + left + width);
    }
    boxes.set([top / side, left / side, (top + height) / side, (left + width) / side, label], picture * 5);
    labels[picture] = label;
    values[picture] = 100 + 10 * top;
  }
  return { images, masks, boxes, labels, values };
};

const filesOf = (count: number, name: string): Record<Task | 'images', Uint8Array> => {
  const { images, masks, boxes, labels, values } = draw(count, name);
  return {
    images: npy('|u1', [count, side, side, 1], images),
    classification: npy('<i4', [count], labels),
    features: npy('<i4', [count], labels),
    regression: npy('<f4', [count], values),
    segmentation: npy('|u1', [count, side, side], masks),
    detection: npy('<f4', [count, 1, 5], boxes),
  };
};

/** Model code for a task; `ends` are layers in JavaScript that follow a map of 8 x 8 x 3·width. */
const code = (ends: string): string => `
const tf = require('@tensorflow/tfjs');
const network = (name, width) => {
  const picture = tf.input({ shape: SHAPE, name: 'picture' });
  const block = (x, label, filters, strides) => tf.layers.reLU({ name: 'relu' + label }).apply(
    tf.layers.batchNormalization({ name: 'norm' + label, momentum: 0.8 }).apply(
      tf.layers.conv2d({ name: 'conv' + label, filters, strides, kernelSize: 3, padding: 'same', useBias: false }).apply(x)));
  const first = block(picture, '1', width, 1);
  const x = block(block(first, '2', 2 * width, 2), '3', 3 * width, 1);
  const outputs = ${ends};
  return tf.model({ name, inputs: picture, outputs });
};
exports.teacher = () => network('teacher', 8);
exports.student = () => network('student', 4);
`;

/** The last layers for each task, of K classes. */
export const ends: Record<Task, string> = {
  classification:
    "tf.layers.dense({ name: 'classes', units: K }).apply(tf.layers.globalAveragePooling2d({ name: 'mean' }).apply(x))",
  regression:
    "tf.layers.dense({ name: 'value', units: 1 }).apply(tf.layers.flatten({ name: 'flat' }).apply(x))",
  segmentation: "tf.layers.conv2d({ name: 'scores', filters: K, kernelSize: 1 }).apply(x)",
  detection:
    "tf.layers.conv2d({ name: 'boxes', filters: K + 4, kernelSize: 3, padding: 'same' }).apply(tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(x))",
  features:
    "tf.layers.dense({ name: 'features', units: name === 'teacher' ? 12 : 6 }).apply(tf.layers.globalAveragePooling2d({ name: 'mean' }).apply(x))",
};

export interface TaskProject {
  folder: string;
  recipe: string;
  run(): Promise<RunReport>;
  remove(): Promise<void>;
}

export interface TaskOptions {
  /** [height, width, channels] */
  shape?: readonly [number, number, number];
  classes?: number;
  data?: object;
  /** Whether the drawn arrays are written although `data` is given. */
  files?: boolean;
  losses?: object[];
  training?: object;
  more?: object;
}

/** A project with the recipe of a task: on the drawn arrays, or on the data given. */
export const taskProject = async (task: Task, options: TaskOptions = {}): Promise<TaskProject> => {
  const folder = await mkdtemp(join(tmpdir(), `retort-${task}-`));
  const { shape = [side, side, 1], classes: count = task === 'segmentation' ? 3 : classes } = options;
  const recipe = join(folder, 'student.distill.json');
  const arrays = {
    kind: 'arrays',
    images: 'x.npy',
    labels: 'y.npy',
    testImages: 'tx.npy',
    testLabels: 'ty.npy',
  };
  const content = {
    task,
    teacher: { model: 'models.js#teacher', train: { epochs: 3 } },
    student: 'models.js#student',
    data: { ...(options.data ?? arrays), input: { divide: 255 } },
    losses: options.losses ?? [{ method: 'task' }],
    training: {
      epochs: 4,
      batchSize: 32,
      learningRate: 0.01,
      optimizer: { kind: 'adam' },
      ...options.training,
    },
    ...options.more,
  };
  const text = code(ends[task]).replaceAll('SHAPE', JSON.stringify(shape)).replace(/\bK\b/g, String(count));
  const write = (name: string, bytes: string | Uint8Array) => writeFile(join(folder, name), bytes);
  await Promise.all([write('student.distill.json', JSON.stringify(content)), write('models.js', text)]);
  if (!options.data || options.files) {
    const [train, test] = [filesOf(256, 'train'), filesOf(64, 'test')];
    await Promise.all([
      write('x.npy', train.images),
      write('y.npy', train[task]),
      write('tx.npy', test.images),
      write('ty.npy', test[task]),
    ]);
  }
  return {
    folder,
    recipe,
    run: () => startRun(recipe, { onFolder: () => undefined, onState: () => undefined }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
