import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { findPythons } from '../../engine/backend/interpreters';
import { Failed } from '../../engine/contract/failure';
import { exportKeras } from '../../engine/models/exportKeras';
import { inspectModel } from '../../engine/models/inspect';
import { runCommand } from './command';

const named = process.env.RETORT_TEST_PYTHON ? [process.env.RETORT_TEST_PYTHON] : [];
const pythons = await findPythons(named);
const withKeras = pythons.find(({ keras }) => keras !== null)?.python;
const noKeras = 'no Python here has Keras; set RETORT_TEST_PYTHON to one that has it and TensorFlow';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-keras-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const put = async (path: string, text: string): Promise<string> => {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  return file;
};

const failureOf = (work: Promise<unknown>): Promise<Failed> =>
  work.then(
    () => expect.fail('it was exported'),
    (error: unknown) => error as Failed,
  );

const networks = `
import keras
from keras import layers
print("what the code prints stays out of the answer")

small = keras.Sequential([
    keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(3, activation="softmax")
])

def build(width=4):
    inputs = keras.Input((8, 8, 1))
    return keras.Model(inputs, layers.Dense(width)(layers.Flatten()(inputs)))

class Own(keras.Model):
    def call(self, x):
        return x

own = Own()
unbuilt = keras.Sequential([layers.Dense(3)])
`;

describe('exporting a Keras model of Python code', () => {
  beforeEach((context) => {
    if (!withKeras) context.skip(noKeras);
  });

  it('saves a variable and what a function returns, as files that open', { timeout: 120_000 }, async () => {
    const file = await put('plain/networks.py', networks);
    const small = await exportKeras(`${file}#small`, named);
    expect(small).toEqual({
      file: join(folder, 'plain', '.retort', 'networks-small.keras'),
      parameters: 40 + 36 * 4 * 3 + 3,
      python: withKeras,
    });
    await useBackend('auto');
    expect(await inspectModel(small.file)).toMatchObject({
      format: 'keras',
      parameters: small.parameters,
      inputShape: [8, 8, 1],
      outputShape: [3],
      softmaxRemoved: true,
    });
    const { code, output } = await runCommand([
      ...['export-keras', `${file}#build`, '--json', '--out', join(folder, 'built.keras')],
      ...(named.length > 0 ? ['--python', ...named] : []),
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ file: join(folder, 'built.keras'), parameters: 64 * 4 + 4 });
    expect(existsSync(join(folder, 'built.keras'))).toBe(true);
    expect(await readdir(join(folder, 'plain'))).toEqual(['.retort', 'networks.py']);
  });

  it('says why a class of one’s own and a model without input cannot be saved', async () => {
    const file = await put('plain/networks.py', networks);
    expect(await failureOf(exportKeras(`${file}#own`, named))).toMatchObject({
      code: 'modelInvalid',
      message: 'own is of the class Own, which no file format can describe.',
    });
    expect(await failureOf(exportKeras(`${file}#unbuilt`, named))).toMatchObject({
      code: 'modelInvalid',
      message: 'unbuilt has no input shape yet.',
    });
  });
});

/** Enough of Keras to be found and to be told from other things; nothing of it is ever saved. */
const standIn = `
class Model:
    inputs = ["x"]
    _is_graph_network = True
`;

describe('code that gives no model', () => {
  const path = process.env.PYTHONPATH;
  beforeEach(async (context) => {
    if (pythons.length === 0) return context.skip('there is no Python 3');
    await put('site/keras/__init__.py', standIn);
    process.env.PYTHONPATH = [join(folder, 'site'), path].filter(Boolean).join(delimiter);
    return () => {
      if (path === undefined) delete process.env.PYTHONPATH;
      else process.env.PYTHONPATH = path;
    };
  });

  it.each([
    ['value = 3', 'missing', 'modelNotFound', 'There is no missing in code.py.'],
    ['value = 3', 'value', 'modelInvalid', 'value is of the type int, which is no Keras model.'],
    [
      'def value(): return 3',
      'value',
      'modelInvalid',
      'value returns the type int, which is no Keras model.',
    ],
    [
      'def value(width, *, depth, name="n"): pass',
      'value',
      'modelInvalid',
      'value takes arguments without defaults: width, depth.',
    ],
    ['\nvalue = 1 / 0', 'value', 'modelInvalid', 'code.py:2: ZeroDivisionError: division by zero.'],
    ['def value(:', 'value', 'modelInvalid', 'code.py:1: SyntaxError: invalid syntax.'],
    ['import sys\nsys.exit(3)', 'value', 'modelInvalid', 'code.py:2: SystemExit: 3.'],
  ])('%j is refused in one sentence', async (text, name, code, message) => {
    const file = await put('code.py', text);
    expect(await failureOf(exportKeras(`${file}#${name}`, []))).toMatchObject({ code, message });
  });

  it('names the module that is missing and the Python that lacks it', async () => {
    const file = await put('code.py', 'import notthere');
    const { code, message } = await failureOf(exportKeras(`${file}#value`, []));
    expect(code).toBe('backendMissing');
    expect(message).toMatch(/^code\.py:1: ModuleNotFoundError: No module named 'notthere' \(.*python/);
  });

  it('imports a file of a package as part of it', async () => {
    await put('package/__init__.py', '');
    await put('package/parts.py', 'value = 5');
    const file = await put('package/code.py', 'from .parts import value');
    expect((await failureOf(exportKeras(`${file}#value`, []))).message).toContain('of the type int');
  });

  it('leaves a model alone that is not named, and files that are no Python', async () => {
    const file = await put('code.py', 'value = 3');
    expect(await failureOf(exportKeras(file, []))).toMatchObject({ code: 'modelNotFound' });
    const other = await put('code.ts', '');
    expect(await failureOf(exportKeras(`${other}#value`, []))).toMatchObject({ code: 'modelUnsupported' });
  });

  it('stops when asked to', async () => {
    const file = await put('code.py', 'import time\ntime.sleep(60)');
    const cancel = new AbortController();
    setTimeout(() => cancel.abort(), 1000);
    const started = Date.now();
    expect(await failureOf(exportKeras(`${file}#value`, [], { signal: cancel.signal }))).toMatchObject({
      code: 'stopped',
      message: 'The export of value was stopped.',
    });
    expect(Date.now() - started).toBeLessThan(20_000);
  });
});

it('says where Keras could come from when no Python has it', async (context) => {
  if (pythons.length === 0) return context.skip('there is no Python 3');
  if (pythons.some(({ keras, tensorflow }) => keras ?? tensorflow))
    return context.skip('a Python here has it');
  const file = await put('code.py', 'value = 3');
  const failure = await failureOf(exportKeras(`${file}#value`, []));
  expect(failure.code).toBe('backendMissing');
  expect(failure.message).toMatch(/^code\.py needs Keras, which .*python.* lacks?\.$/);
  expect(failure.next).toContain('retort.python');
});
