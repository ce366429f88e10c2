import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { failureOf, open } from './otherModels';

let folder = '';
beforeAll(async () => {
  await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-forms-'));
});
afterAll(() => rm(folder, { recursive: true }));

const written = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
};

const esm = "import * as tf from '@tensorflow/tfjs';\n";
const cjs = "const tf = require('@tensorflow/tfjs');\n";
const conv = 'tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3 })';
const head = 'tf.layers.flatten(), tf.layers.dense({ units: 3 })';

/** Every form makes the same network: a convolution, and a dense layer over all positions. */
const forms: [what: string, file: string, exportName: string, text: string][] = [
  [
    'a list of layers',
    'list.ts',
    'net',
    `${esm}export const net = () => tf.sequential({ layers: [${conv}, ${head}] });`,
  ],
  [
    'calls of add, one behind another',
    'chain.ts',
    'net',
    `${esm}export const net = (): tf.Sequential => { const m = tf.sequential(); m.add(${conv}); m.add(tf.layers.flatten()); m.add(tf.layers.dense({ units: 3 })); return m; };`,
  ],
  [
    'a loop over settings',
    'loop.mjs',
    'net',
    `${esm}export function net() { const m = tf.sequential(); m.add(${conv}); for (const make of [() => tf.layers.flatten(), () => tf.layers.dense({ units: 3 })]) m.add(make()); return m; }`,
  ],
  [
    'the functional way, with symbolic tensors handed through helpers',
    'functional.ts',
    'net',
    `${esm}const stem = (x: tf.SymbolicTensor, filters = 4) => tf.layers.conv2d({ filters, kernelSize: 3 }).apply(x);\nexport const net = () => { const x = tf.input({ shape: [8, 8, 1] }); const y = tf.layers.dense({ units: 3 }).apply(tf.layers.flatten().apply(stem(x))); return tf.model({ inputs: x, outputs: y as tf.SymbolicTensor }); };`,
  ],
  [
    'a class with a method',
    'method.ts',
    'Net.build',
    `${esm}export class Net { constructor(private readonly units = 3) {} build() { return tf.sequential({ layers: [${conv}, tf.layers.flatten(), tf.layers.dense({ units: this.units })] }); } }`,
  ],
  [
    'a class with a static, awaited method',
    'static.ts',
    'Net.create',
    `${esm}export default class Other {}\nexport class Net { static async create() { return tf.sequential({ layers: [${conv}, ${head}] }); } }`,
  ],
  [
    'a class that holds its model',
    'holding.js',
    'Net',
    `${cjs}class Net { constructor() { this.model = tf.sequential({ layers: [${conv}, ${head}] }); this.name = 'x'; } }\nmodule.exports = { Net };`,
  ],
  [
    'the property of such a class',
    'property.js',
    'Net.model',
    `${cjs}exports.Net = class { model = tf.sequential({ layers: [${conv}, ${head}] }); };`,
  ],
  [
    'a class that is a model',
    'being.ts',
    'Net',
    `${esm}export class Net extends tf.Sequential { constructor() { super(); this.add(${conv}); this.add(tf.layers.flatten()); this.add(tf.layers.dense({ units: 3 })); } }`,
  ],
  [
    'an object of models',
    'object.cjs',
    'models.small',
    `${cjs}exports.models = { units: 3, small() { return tf.sequential({ layers: [${conv}, tf.layers.flatten(), tf.layers.dense({ units: this.units })] }); } };`,
  ],
  [
    'module.exports of a function',
    'function.cjs',
    'default',
    `${cjs}module.exports = function net() { return tf.sequential({ layers: [${conv}, ${head}] }); };`,
  ],
  [
    'module.exports of a model',
    'model.cjs',
    'default',
    `${cjs}module.exports = tf.sequential({ layers: [${conv}, ${head}] });`,
  ],
  [
    'names on exports',
    'names.cjs',
    'net',
    `${cjs}exports.units = 3; exports.net = () => tf.sequential({ layers: [${conv}, ${head}] });`,
  ],
  [
    'a default export of an arrow function',
    'arrow.mjs',
    'default',
    `import tf from '@tensorflow/tfjs-node';\nexport default () => tf.sequential({ layers: [${conv}, ${head}] });`,
  ],
  [
    'a promise of a model',
    'promise.ts',
    'net',
    `${esm}export const net = Promise.resolve(tf.sequential({ layers: [${conv}, ${head}] }));`,
  ],
  [
    'packages imported one by one, with a backend’s settings',
    'split.ts',
    'net',
    `import { layers, sequential } from '@tensorflow/tfjs-layers';\nimport '@tensorflow/tfjs-backend-cpu';\nimport { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';\nimport { ready } from '@tensorflow/tfjs-core';\nsetWasmPaths('/somewhere/');\nexport const net = async () => { await ready(); return sequential({ layers: [${conv.replaceAll('tf.', '')}, ${head.replaceAll('tf.', '')}] }); };`,
  ],
  [
    'layers made in another file, found beside the code',
    'import.ts',
    'net',
    `${esm}import { existsSync } from 'node:fs';\nimport { join } from 'node:path';\nimport { stem } from './parts/stem';\nexport const net = () => { if (!existsSync(join(import.meta.dirname, 'parts'))) throw new Error('not here'); return tf.sequential({ layers: [stem(), ${head}] }); };`,
  ],
];

describe('a model in code', () => {
  beforeAll(() => written('parts/stem.ts', `${esm}export const stem = () => ${conv};\n`));

  it.each(forms)('%s', async (_, name, exportName, text) => {
    const network = await open(`${await written(name, `${text}\n`)}#${exportName}`);
    expect(network.info).toMatchObject({ inputShape: [8, 8, 1], outputShape: [3], parameters: 40 + 435 });
    const kinds = network.info.layers.filter(({ kind }) => kind !== 'InputLayer').map(({ kind }) => kind);
    expect(kinds).toEqual(['Conv2D', 'Flatten', 'Dense']);
    expect(network.info.layers.at(-1)?.location?.file).toBe(join(folder, name));
    network.dispose();
  });
});

describe('code that loads a model', () => {
  const load = (call: string): string =>
    `import * as tf from '@tensorflow/tfjs-node';\nexport const net = () => ${call};\n`;

  beforeAll(async () => {
    const original = await open(resolve('test/fixtures/models/sequential.ts'));
    await original.save(join(folder, 'saved'));
    original.dispose();
  });

  it.each([
    ['by file://', "tf.loadLayersModel('file://saved/model.json')"],
    ['by a path beside the code', "tf.loadLayersModel('./saved/model.json')"],
    ['by the file system of tfjs-node', "tf.loadLayersModel(tf.io.fileSystem('saved/model.json'))"],
    [
      'and cuts it',
      "tf.loadLayersModel('file://saved/model.json').then((m) => tf.model({ inputs: m.inputs, outputs: m.getLayer('classes').output as tf.SymbolicTensor }))",
    ],
  ])('%s', async (what, call) => {
    const network = await open(await written(`load${what.length}.ts`, load(call)));
    expect(network.info).toMatchObject({ format: 'code', inputShape: [8, 8, 1], outputShape: [3] });
    network.dispose();
  });

  it('that is a graph-model is sent to the file itself', async () => {
    const file = await written('graph.ts', load("tf.loadGraphModel('file://graph/model.json')"));
    expect(await failureOf(file)).toMatchObject({
      code: 'modelUnsupported',
      message: 'The code loads the graph-model model.json, which has no layers to name.',
      next: `Name ${join(folder, 'graph', 'model.json')} itself as the teacher.`,
    });
  });

  it('that is not there says which file', async () => {
    const file = await written('gone.ts', load("tf.loadLayersModel('file://gone/model.json')"));
    const failure = await failureOf(file);
    expect(failure.code).toMatch(/^model/);
    expect(failure.message).toContain(join('gone', 'model.json'));
  });
});

describe('a class that gives no model', () => {
  it('is said with what it gives, what it needs, or what it lacks', async () => {
    const file = await written(
      'lacking.ts',
      `${esm}export class Empty { layers = 3 }\nexport class Asking { constructor(private readonly o: { n: number }) { this.o.n.toFixed(); } }\nexport class Net { build(units: number) { return tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [2] })] }); } }\n`,
    );
    expect((await failureOf(`${file}#Empty`)).message).toBe(
      'lacking.ts#Empty gives a Empty object, not a layers model.',
    );
    expect((await failureOf(`${file}#Asking`)).next).toContain('without arguments');
    expect((await failureOf(`${file}#Net.build`)).next).toContain('without arguments');
    expect(await failureOf(`${file}#Net.make`)).toMatchObject({ code: 'modelInvalid' });
    expect(await failureOf(`${file}#Other.make`)).toMatchObject({ code: 'modelNotFound' });
  });
});
