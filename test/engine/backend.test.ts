import * as tf from '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useBackend } from '../../engine/backend/choose';
import { installTensorflow } from '../../engine/backend/install';
import { backendReport } from '../../engine/backend/report';
import { bindingFile, installedRuntimes, loadable } from '../../engine/backend/runtime';
import { selfTest } from '../../engine/backend/selfTest';

const installed = installedRuntimes().length > 0;
if (!installed) console.warn('Skipped: TensorFlow is not installed; run `retort backends --install`.');
const installs = process.env.RETORT_TEST_INSTALL === '1';

const environment = { ...process.env };
let scratch = '';
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'retort-backend-'));
});
afterEach(() => {
  for (const name of ['RETORT_CACHE', 'RETORT_TENSORFLOW', 'RETORT_PREBUILT', 'PATH', 'CXX']) {
    if (environment[name] === undefined) delete process.env[name];
    else process.env[name] = environment[name];
  }
  rmSync(scratch, { recursive: true, force: true });
});

const silent = (): void => undefined;

// These stand first: once TensorFlow is loaded, a process keeps it.
describe('without TensorFlow', () => {
  beforeEach(() => {
    process.env.RETORT_CACHE = scratch;
    delete process.env.RETORT_TENSORFLOW;
  });

  it('chooses WebAssembly by itself and says why not TensorFlow', async () => {
    const choice = await useBackend('auto');
    expect(choice.name).toBe('wasm');
    expect(choice.passedOver[0]).toEqual({
      name: 'tensorflow',
      reason: 'TensorFlow is not installed. Run `retort backends --install`.',
    });
    expect(tf.getBackend()).toBe('wasm');
    expect(tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0]).toBe(11);
  });

  it('fails with a next step where TensorFlow was asked for', async () => {
    await expect(useBackend('tensorflow')).rejects.toMatchObject({
      code: 'backendMissing',
      next: 'Run `retort backends --install`.',
    });
  });

  it('reports a named runtime that is not there', async () => {
    process.env.RETORT_TENSORFLOW = join(scratch, 'nowhere');
    await expect(useBackend('tensorflow')).rejects.toMatchObject({ code: 'backendMissing' });
    const report = await backendReport();
    expect(report.named).toBe(join(scratch, 'nowhere'));
    expect(report.choice.passedOver[0]?.reason).toContain('RETORT_TENSORFLOW');
  });

  it('reports a binding that does not load', async () => {
    process.env.RETORT_TENSORFLOW = scratch;
    writeFileSync(join(scratch, bindingFile), 'not a library');
    await expect(useBackend('tensorflow')).rejects.toMatchObject({ code: 'backendBroken' });
    expect((await useBackend('auto')).name).toBe('wasm');
    const broken = { binding: join(scratch, bindingFile), quiet: null, libraries: [] };
    await expect(selfTest(broken)).rejects.toThrow(/error/i);
  });

  it('names the missing Python and the missing compiler before it downloads anything', async () => {
    process.env.RETORT_PREBUILT = scratch;
    process.env.PATH = scratch;
    await expect(installTensorflow(silent)).rejects.toMatchObject({
      code: 'backendMissing',
      message: expect.stringContaining('Python 3') as string,
    });
    process.env.PATH = environment.PATH;
    process.env.CXX = '';
    const python = join(scratch, 'python3');
    writeFileSync(python, `#!/bin/sh\nPATH='${environment.PATH}' exec python3 "$@"\n`, { mode: 0o755 });
    process.env.PATH = scratch;
    await expect(installTensorflow(silent)).rejects.toMatchObject({
      code: 'backendMissing',
      message: expect.stringContaining('C++ compiler') as string,
    });
    expect(readdirSync(join(scratch, 'tensorflow'))).toEqual([]);
  });

  it('stops when asked to and leaves nothing behind', async () => {
    const controller = new AbortController();
    const stopAtDownload = (message: string): void => {
      if (message.startsWith('Downloading') || message.startsWith('Compiling')) controller.abort();
    };
    await expect(installTensorflow(stopAtDownload, controller.signal)).rejects.toMatchObject({
      code: 'stopped',
    });
    expect(readdirSync(join(scratch, 'tensorflow'))).toEqual([]);
  });
});

describe('installing', () => {
  it('serves two installers at once with one installation', { timeout: 600_000 }, async (context) => {
    if (!installs) return context.skip('set RETORT_TEST_INSTALL=1 to download a whole TensorFlow');
    process.env.RETORT_CACHE = scratch;
    const messages: string[] = [];
    const note = (message: string): void => void messages.push(message);
    const folders = await Promise.all([installTensorflow(note), installTensorflow(note)]);
    expect(folders[0]).toBe(folders[1]);
    expect(messages).toContain('Waiting for another installation to finish');
    expect(messages.filter((message) => message.endsWith('is ready'))).toHaveLength(1);
    const installed = loadable(folders[0], { binding: 'compiled', libraries: '.' });
    expect(await selfTest(installed)).toMatchObject({ tensorflow: expect.any(String) as string });
    expect(readdirSync(folders[0]).filter((name) => /download|whl/.test(name))).toEqual([]);
  });
});

describe.runIf(installed)('with TensorFlow', () => {
  it('is chosen by itself, any number of times, and shares one tfjs', async () => {
    const first = await useBackend('auto');
    expect(first).toMatchObject({ name: 'tensorflow', passedOver: [] });
    expect(first.description).toMatch(
      /^TensorFlow \d+\.\d+\.\d+, (CPU(, steps by Winograd kernels \(AVX-?(2|512)\))?|GPU)$/,
    );
    await useBackend('cpu');
    expect(tf.getBackend()).toBe('cpu');
    const carried = tf.tensor1d([1, 2, 3]);
    expect(await useBackend('tensorflow')).toEqual(first);
    expect(tf.getBackend()).toBe('tensorflow');
    expect([...carried.square().dataSync()]).toEqual([1, 4, 9]);
    carried.dispose();
  });

  it('agrees with the cpu backend on a training step', async () => {
    const onTensorflow = await oneStep('tensorflow');
    const onCpu = await oneStep('cpu');
    onTensorflow.forEach((value, index) => expect(value).toBeCloseTo(onCpu[index] ?? NaN, 4));
  });

  it('has the gradients of relu and relu6 that cpu has', async () => {
    for (const activation of [tf.relu, tf.relu6]) {
      const gradients: number[][] = [];
      for (const backend of ['tensorflow', 'cpu'] as const) {
        await useBackend(backend);
        const x = tf.tensor2d([
          [-3, -0.5, 0, 0.5],
          [2, 5.5, 6.5, 9],
        ]);
        const dy = tf.tensor2d([
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ]);
        gradients.push([
          ...tf
            .grad((input: tf.Tensor) => activation(input))(x, dy)
            .dataSync(),
        ]);
      }
      expect(gradients[0]).toEqual(gradients[1]);
      expect(gradients[0]).toContain(4);
    }
  });

  it('repeats every training op bit for bit', async () => {
    await useBackend('tensorflow');
    for (const [name, compute] of Object.entries(trainingOps())) {
      const runs = Array.from({ length: 4 }, () => tf.tidy(() => bytes(compute())));
      for (const run of runs) expect(run, name).toBe(runs[0]);
    }
  });
});

const bytes = (tensor: tf.Tensor): string => Buffer.from(tensor.dataSync().buffer).toString('base64');
const draw = (shape: number[], seed: number): tf.Tensor => tf.randomNormal(shape, 0, 1, 'float32', seed);

const trainingOps = (): Record<string, () => tf.Tensor> => {
  const image = draw([32, 14, 14, 16], 1) as tf.Tensor4D;
  const kernel = draw([3, 3, 16, 24], 2) as tf.Tensor4D;
  const pointwise = draw([1, 1, 16, 40], 3) as tf.Tensor4D;
  const depthwise = draw([3, 3, 16, 1], 4) as tf.Tensor4D;
  const [left, right] = [draw([200, 784], 5), draw([784, 10], 6)];
  const gradient = (f: (x: tf.Tensor) => tf.Tensor, at: tf.Tensor) => () => tf.grad(f)(at);
  const conv = (x: tf.Tensor, w: tf.Tensor, stride: number): tf.Tensor =>
    tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, 'same');
  return {
    matMul: () => tf.matMul(left, right),
    'matMul gradient': gradient((x) => tf.matMul(left, x), right),
    conv2d: () => conv(image, kernel, 1),
    'conv2d input gradient': gradient((x) => conv(x, kernel, 2), image),
    'conv2d filter gradient': gradient((w) => conv(image, w, 1), kernel),
    'strided filter gradient': gradient((w) => conv(image, w, 2), kernel),
    'pointwise filter gradient': gradient((w) => conv(image, w, 1), pointwise),
    'depthwise filter gradient': gradient(
      (w) => tf.depthwiseConv2d(image, w as tf.Tensor4D, 1, 'same'),
      depthwise,
    ),
    'relu gradient': gradient((x) => tf.relu(x), image),
    'pooling gradient': gradient((x) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'same'), image),
    'batch moments': () => tf.moments(image, [0, 1, 2]).variance,
    'sum of everything': () => tf.sum(image),
    'log softmax gradient': gradient((x) => tf.logSoftmax(x).mul(left), left),
  };
};

const oneStep = async (backend: 'tensorflow' | 'cpu'): Promise<number[]> => {
  await useBackend(backend);
  return tf.tidy(() => {
    const image = draw([4, 6, 6, 2], 1) as tf.Tensor4D;
    const kernel = draw([3, 3, 2, 3], 2);
    const loss = (w: tf.Tensor): tf.Scalar => {
      const map = tf.relu(tf.conv2d(image, w as tf.Tensor4D, 1, 'same'));
      return tf.logSoftmax(tf.mean(map, [1, 2])).mean() as tf.Scalar;
    };
    return [...tf.grad(loss)(kernel).dataSync()];
  });
};
