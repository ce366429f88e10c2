import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import type { Network } from '../../engine/models/network';
import { modelExports } from '../../engine/models/open';
import { failureOf, open } from './otherModels';

const fixture = (name: string): string => resolve('test/fixtures/models', name);
const weightsOf = (network: Network): number[][] =>
  [...network.trainable.values(), ...network.statistics.values()].map((variable) =>
    Array.from(variable.dataSync()),
  );

let folder = '';
beforeAll(async () => {
  await useBackend('auto');
  folder = await mkdtemp(join(tmpdir(), 'retort-code-'));
});
afterAll(() => rm(folder, { recursive: true }));

const partsText =
  "import * as tf from '@tensorflow/tfjs';\nexport const net = () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });\n";

const written = async (name: string, text: string): Promise<string> => {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
};

describe('model code', () => {
  it.each([
    ['sequential.ts#createModel', [8, 8, 1], [3], true],
    ['residual.ts#createResNet', [8, 8, 3], [5], true],
    ['blocks.ts#network', [6, 6, 2], [4], true],
    ['wholeModule.cjs#default', [3], [2], true],
    ['splitPackages.mjs#build', [4], [2], false],
    ['asyncDefault.ts#default', [4], [2], false],
  ])('opens %s', async (reference, inputShape, outputShape, softmaxRemoved) => {
    const { info, dispose } = await open(fixture(reference)).then((network) => ({
      info: network.info,
      dispose: () => network.dispose(),
    }));
    expect(info).toMatchObject({ format: 'code', inputShape, outputShape, softmaxRemoved });
    dispose();
  });

  it('takes the only candidate where no export is named', async () => {
    const network = await open(fixture('wholeModule.cjs'));
    expect(network.info.outputShape).toEqual([2]);
    network.dispose();
    expect(await failureOf(fixture('several.ts'))).toMatchObject({
      code: 'modelInvalid',
      message: 'several.ts exports several things that could be the model: large, small.',
      next: 'Write several.ts#large, say.',
    });
  });

  it('lists the exports that could be models without calling them', async () => {
    expect(await modelExports(fixture('several.ts'))).toEqual(['large', 'small']);
    expect(await modelExports(fixture('blocks.ts'))).toEqual(['network']);
    expect(await modelExports(fixture('wholeModule.cjs'))).toEqual(['default']);
    expect(await modelExports(fixture('throwing.ts'))).toContain('tooWide');
  });

  it.each(['residual.ts#createResNet', 'asyncDefault.ts#default'])(
    'gives %s the same weights and names for the same seed',
    async (name) => {
      const [first, again, other] = [
        await open(fixture(name)),
        await open(fixture(name)),
        await open(fixture(name), 'two'),
      ];
      expect([...again.trainable.keys()]).toEqual([...first.trainable.keys()]);
      expect(again.info).toEqual(first.info);
      expect(weightsOf(again)).toEqual(weightsOf(first));
      expect(weightsOf(other)).not.toEqual(weightsOf(first));
      expect(await again.hash()).toBe(await first.hash());
      expect(await other.hash()).not.toBe(await first.hash());
      for (const network of [first, again, other]) network.dispose();
    },
  );

  it('keeps concurrent openings apart', async () => {
    const name = fixture('asyncDefault.ts#default');
    const [first, , third] = await Promise.all([open(name), open(name, 'two'), open(name)]);
    expect(weightsOf(third)).toEqual(weightsOf(first));
  });

  it('names layers as a fresh TensorFlow.js does', async () => {
    const network = await open(fixture('sequential.ts'));
    expect(network.info.taps).toEqual([
      'conv2d_Conv2D1',
      'max_pooling2d_MaxPooling2D1',
      'flatten_Flatten1',
      'dropout_Dropout1',
      'classes',
      'logits',
    ]);
    expect([...network.trainable.keys()]).toEqual([
      'conv2d_Conv2D1/kernel',
      'conv2d_Conv2D1/bias',
      'classes/kernel',
      'classes/bias',
    ]);
    network.dispose();
  });

  it('leaves Math.random and the console as they were, and prints nothing to standard output', async () => {
    const { random } = Math;
    const { log } = console;
    const print = vi.spyOn(process.stdout, 'write');
    (await open(fixture('sequential.ts'))).dispose();
    expect(print).not.toHaveBeenCalled();
    print.mockRestore();
    expect(Math.random).toBe(random);
    expect(console.log).toBe(log);
  });
});

describe('what model code imports', () => {
  const installed = async (name: string, files: Record<string, string>): Promise<void> => {
    const target = join(folder, 'node_modules', name);
    await mkdir(target, { recursive: true });
    for (const [file, text] of Object.entries(files)) await writeFile(join(target, file), text);
  };

  it('runs installed packages as they are, ES modules and users of TensorFlow.js built in', async () => {
    await installed('plain', {
      'package.json': '{ "main": "index.js" }',
      'index.js': 'module.exports = { units: require("./units.json").units, here: __dirname };',
      'units.json': '{ "units": 3 }',
    });
    await installed('modern', {
      'package.json': '{ "type": "module", "exports": "./index.js" }',
      'index.js': 'export const activation = "relu";',
    });
    await installed('heads', {
      'package.json': '{ "main": "index.js", "peerDependencies": { "@tensorflow/tfjs": "*" } }',
      'index.js':
        'const tf = require("@tensorflow/tfjs"); exports.head = (units) => tf.layers.dense({ units });',
    });
    const file = await written(
      'packages.ts',
      `import { basename } from 'node:path';
      import { layers, sequential } from '@tensorflow/tfjs';
      import { activation } from 'modern';
      import { head } from 'heads';
      import plain from 'plain';
      export const make = () =>
        sequential({
          name: basename(plain.here),
          layers: [layers.dense({ units: plain.units, activation, inputShape: [2] }), head(4)],
        });`,
    );
    const network = await open(file);
    expect(network.info).toMatchObject({ name: 'plain', outputShape: [4] });
    expect(network.info.layers.map((layer) => layer.name)).toEqual([
      'dense_Dense1_input',
      'dense_Dense1',
      'dense_Dense2',
    ]);
    network.dispose();
  });

  it('loads a saved model by file:// beside the code, without tfjs-node', async () => {
    const original = await open(fixture('wholeModule.cjs'));
    await original.save(join(folder, 'kept'));
    const file = await written(
      'loading.ts',
      "import * as tf from '@tensorflow/tfjs-node';\nexport const load = () => tf.loadLayersModel('file://kept/model.json');\n",
    );
    const again = await open(file);
    expect(weightsOf(again)).toEqual(weightsOf(original));
    for (const network of [original, again]) network.dispose();
  });

  it('cannot change the backend', async () => {
    const before = tf.getBackend();
    const file = await written(
      'backend.ts',
      "import * as tf from '@tensorflow/tfjs';\nexport const make = async () => {\n  await tf.setBackend('webgl');\n  return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });\n};\n",
    );
    (await open(file)).dispose();
    expect(tf.getBackend()).toBe(before);
  });
});

describe('code locations', () => {
  const linesOf = async (name: string, text: string): Promise<number[]> =>
    (await readFile(fixture(name), 'utf8'))
      .split('\n')
      .flatMap((line, index) => (line.includes(text) ? [index] : []));

  it('gives every layer of a loop the line that makes it', async () => {
    const { info } = await open(fixture('residual.ts#createResNet'));
    const file = fixture('residual.ts');
    const convolutions = info.layers.filter((layer) => layer.kind === 'Conv2D');
    const [factory] = await linesOf('residual.ts', 'tf.layers');
    const [shortcut] = await linesOf('residual.ts', 'kernelSize: 1');
    expect(convolutions).toHaveLength(7);
    const lines = convolutions.map((layer) => layer.location?.line);
    expect(lines.filter((line) => line === factory)).toHaveLength(5);
    expect(lines.filter((line) => line === shortcut)).toHaveLength(2);
    expect(info.layers.every((layer) => layer.location?.file === file)).toBe(true);
    expect(convolutions[0]?.location).toEqual({
      file,
      line: factory,
      column: 2,
      endLine: (factory ?? 0) + 7,
    });
  });

  it('finds a layer class where it is made, and layers made in a constructor', async () => {
    const { info } = await open(fixture('blocks.ts'));
    const lineOf = (kind: string) =>
      info.layers.filter((layer) => layer.kind === kind).map((layer) => layer.location?.line);
    const [convolution] = await linesOf('blocks.ts', 'tf.layers.conv2d');
    const [scale] = await linesOf('blocks.ts', 'new Scale()');
    const [head] = await linesOf('blocks.ts', 'tf.sequential(');
    const [input] = await linesOf('blocks.ts', 'tf.input(');
    expect(lineOf('Conv2D')).toEqual([convolution, convolution]);
    expect(lineOf('Scale')).toEqual([scale, scale]);
    expect(lineOf('Sequential')).toEqual([head]);
    expect(lineOf('InputLayer')).toEqual([input]);
    expect(info.uncounted).toEqual(['scale_Scale2', 'scale_Scale1']);
  });

  it('follows the code into the files it imports', async () => {
    const helper = await written(
      'wide.ts',
      "import * as tf from '@tensorflow/tfjs';\n\nexport const wide = () =>\n  tf.layers.dense({ units: 8, inputShape: [4] });\n",
    );
    const file = await written(
      'main.js',
      "import * as tf from '@tensorflow/tfjs';\nimport { wide } from './wide';\nexport const net = () => tf.sequential({ layers: [wide(), tf.layers.dense({ units: 2 })] });\n",
    );
    const { info } = await open(`${file}#net`);
    const dense = info.layers.filter((layer) => layer.kind === 'Dense').map((layer) => layer.location);
    expect(dense).toEqual([
      { file: helper, line: 3, column: 2, endLine: 3 },
      { file, line: 2, column: 58, endLine: 2 },
    ]);
  });

  it('gives paths as they were opened, through links', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'parts.ts'), partsText);
    await writeFile(join(folder, 'real', 'net.ts'), "export { net } from './parts';\n");
    await symlink(join(folder, 'real'), join(folder, 'linked'));
    for (const base of ['real', 'linked']) {
      const { info } = await open(join(folder, base, 'net.ts'));
      expect(info.layers.at(-1)?.location?.file).toBe(join(folder, base, 'parts.ts'));
    }
  });
});

describe('what goes wrong in model code', () => {
  it.each([
    ['throwing.ts#tooWide', 'throwing.ts:4: no room for 4 units.'],
    ['throwing.ts#mismatched', 'throwing.ts:13: '],
    ['throwing.ts#tooSmall', 'throwing.ts:18: conv2d_Conv2D1 would put out [-4, -4, 2].'],
    ['throwing.ts#nothing', 'throwing.ts#nothing gives a string, not a layers model.'],
    ['throwing.ts#unbuilt', 'throwing.ts#unbuilt gives a Dense object, not a layers model.'],
  ])('%s: %s', async (reference, message) => {
    const failure = await failureOf(fixture(reference));
    expect(failure.code).toBe('modelInvalid');
    expect(failure.message).toContain(message);
    expect(failure.message).not.toContain('\n');
    expect(failure.next).not.toBe('');
  });

  it('names an export that is not there', async () => {
    expect(await failureOf(fixture('several.ts#medium'))).toMatchObject({
      code: 'modelNotFound',
      message: 'several.ts has no export named medium; it exports classes, large, named, small.',
    });
    expect(await failureOf(fixture('absent.ts#model'))).toMatchObject({ code: 'modelNotFound' });
  });

  it('says where the code does not parse, what it lacks, and what needs arguments', async () => {
    const broken = await written('broken.ts', 'export const model = () => {\n  return (1 + ;\n};\n');
    expect((await failureOf(broken)).message).toMatch(/^broken\.ts cannot be built: broken\.ts:2: /);
    const lacking = await written('lacking.cjs', "require('not-installed-anywhere');\n");
    const failure = await failureOf(lacking);
    expect(failure.message).toMatch(/^lacking\.cjs:1: Cannot find module 'not-installed-anywhere'/);
    expect(failure.next).toContain('npm install');
    const empty = await written('empty.ts', 'export const answer = 42;\n');
    expect((await failureOf(empty)).message).toContain('exports neither a model nor a function');
    const asking = await written('asking.ts', 'export const make = (o: { n: number }) => o.n.toFixed();\n');
    expect((await failureOf(`${asking}#make`)).next).toContain('without arguments');
    const waiting = await written('waiting.mjs', 'await 1;\nexport const a = 1;\n');
    expect((await failureOf(waiting)).next).toContain('async function');
  });

  it('refuses a model without an input shape, with two inputs, or with an open size', async () => {
    const make = (body: string) =>
      `import * as tf from '@tensorflow/tfjs';\nexport const m = () => ${body};\n`;
    const shapeless = 'tf.sequential({ layers: [tf.layers.dense({ units: 2 })] })';
    expect((await failureOf(await written('shapeless.ts', make(shapeless)))).message).toContain('inputShape');
    const open =
      'tf.sequential({ layers: [tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [null, null, 3] })] })';
    expect((await failureOf(await written('openSize.ts', make(open)))).message).toContain('[?, ?, 3]');
    const two =
      '{ const a = tf.input({ shape: [2] }); const b = tf.input({ shape: [2] }); return tf.model({ inputs: [a, b], outputs: tf.layers.add().apply([a, b]) as tf.SymbolicTensor }); }';
    expect(await failureOf(await written('twoInputs.ts', make(two)))).toMatchObject({
      code: 'modelUnsupported',
    });
  });
});
