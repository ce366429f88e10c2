import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { compileModule, findCompiler } from '../../engine/backend/compile';
import { hasNativeKernels, supportedSets } from '../../engine/backend/instructionSets';
import { compileNativeKernels, findNativeKernels, kernelsFile } from '../../engine/backend/nativeKernels';
import type { BackendReport } from '../../engine/contract/backend';
import { parseMetrics } from '../../engine/contract/metrics';
import type { RunReport } from '../../engine/contract/run';
import { isAtMost, newestNeeded } from '../fixtures/neededLibraries';
import { engineFile } from './command';
import { tinyProject, wide } from './tinyProject';

const [set] = supportedSets();
const kernels = set ? findNativeKernels(set) : null;
if (!kernels) console.warn('Skipped: there are no native kernels; run `retort backends --kernels`.');
const compiler = await findCompiler(undefined);

/** Stands for a package and a cache that have nothing of their own. */
const folder = mkdtempSync(join(tmpdir(), 'retort-kernels-'));
afterAll(() => rmSync(folder, { recursive: true }));

const engine = (args: readonly string[], env: NodeJS.ProcessEnv): string =>
  execFileSync(process.execPath, [engineFile, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RETORT_CACHE: folder, RETORT_TENSORFLOW: '', RETORT_PREBUILT: folder, ...env },
  });

const choose = (env: NodeJS.ProcessEnv = {}): BackendReport['choice'] => {
  const { choice } = JSON.parse(engine(['backends', '--json'], env)) as BackendReport;
  return { ...choice, passedOver: choice.passedOver.filter(({ name }) => name !== 'tensorflow') };
};

const plain = 'WebAssembly, CPU';
const without = (reason: unknown) => ({
  ...{ name: 'wasm', description: plain, passedOver: [{ name: 'native kernels', reason }] },
});

describe.runIf(hasNativeKernels() && set)('native kernels', () => {
  const file = set ? join(folder, kernelsFile(set)) : '';
  beforeEach(() => rmSync(file, { force: true }));

  it('that are missing are told of, with what to do', () => {
    const reason =
      'This package has none for this processor. Run `retort backends --kernels`, which compiles them.';
    expect(choose()).toEqual(without(reason));
  });

  it('that do not load are done without', () => {
    writeFileSync(file, 'no module');
    expect(choose()).toEqual(without(expect.stringMatching(/^They cannot be used: .*(short|invalid)/)));
  });

  it.skipIf(compiler === null)('that compute wrong are done without', async () => {
    const source = join(folder, 'wrong.cc');
    writeFileSync(source, wrongModule);
    await compileModule({ compiler: compiler as string, signal: undefined }, [source, '-o', file]);
    expect(choose()).toEqual(
      without(expect.stringMatching(/^They cannot be used: its .* came out wrong\.$/)),
    );
  });

  it.skipIf(compiler === null)('are compiled where there is a compiler, and found from then on', () => {
    const cache = mkdtempSync(join(folder, 'cache-'));
    const env = { RETORT_CACHE: cache };
    const { files } = JSON.parse(engine(['backends', '--kernels', '--json'], env)) as { files: string[] };
    expect(files.map((one) => basename(one))).toContain(basename(file));
    expect(choose(env)).toMatchObject({ description: expect.stringContaining('native kernels') as string });
  });

  it('cannot be compiled without a compiler', async () => {
    const [path, cxx] = [process.env.PATH, process.env.CXX];
    Object.assign(process.env, { PATH: folder, CXX: '' });
    try {
      await expect(compileNativeKernels()).rejects.toMatchObject({ code: 'backendMissing' });
    } finally {
      process.env.PATH = path;
      if (cxx === undefined) delete process.env.CXX;
    }
  });
});

describe.runIf(kernels)('native kernels that are there', () => {
  const found = kernels ?? '';
  const file = join(folder, basename(found));
  beforeEach(() => copyFileSync(found, file));

  it('are used, and not where they are unwanted', () => {
    expect(choose()).toMatchObject({
      description: `WebAssembly with native kernels (${set?.title}), CPU`,
      passedOver: [],
    });
    expect(choose({ RETORT_NATIVE_KERNELS: 'off' })).toEqual(without('RETORT_NATIVE_KERNELS is off.'));
  });

  it('ask for no newer C library than Node 20 does', () => {
    const [glibc, glibcxx] = [newestNeeded(found, 'GLIBC'), newestNeeded(found, 'GLIBCXX')];
    expect(isAtMost(glibc, '2.28'), `asks for glibc ${glibc}`).toBe(true);
    expect(isAtMost(glibcxx, '3.4.25'), `asks for ${glibcxx}`).toBe(true);
  });

  it('outlive the thread that loaded them, and end with the process', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', inThread, found], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([0, '0,0,3,4\n', '']);
  });

  it('train as those in WebAssembly do', async () => {
    const project = await tinyProject(wide);
    try {
      await project.change({ backend: 'wasm', control: false });
      const [native, other] = [{}, { RETORT_NATIVE_KERNELS: 'off' }].map((env) => train(project.recipe, env));
      expect(native?.backends).not.toEqual(other?.backends);
      expect(native?.losses.length).toBeGreaterThan(20);
      native?.losses.forEach((loss, at) => {
        const wanted = other?.losses[at] ?? NaN;
        expect(Math.abs(loss - wanted), `point ${at}`).toBeLessThan(1e-2 * Math.max(0.1, Math.abs(wanted)));
      });
    } finally {
      await project.remove();
    }
  });
});

const train = (recipe: string, env: NodeJS.ProcessEnv) => {
  const report = JSON.parse(engine(['run', recipe, '--json'], env)) as RunReport;
  const points = parseMetrics(readFileSync(join(report.run, 'metrics.jsonl'), 'utf8'));
  return { backends: report.backend.description, losses: points.flatMap(({ values }) => values.loss ?? []) };
};

/** Loads without a complaint, and computes nothing. */
const wrongModule = `
#include <node_api.h>
#include <initializer_list>
static napi_value Nothing(napi_env, napi_callback_info) { return nullptr; }
NAPI_MODULE_INIT() {
  napi_value value;
  for (const char *name : {"start", "run"}) {
    napi_create_function(env, name, NAPI_AUTO_LENGTH, Nothing, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  for (const char *name : {"lanes", "tileRows"}) {
    napi_create_int32(env, 8, &value);
    napi_set_named_property(env, exports, name, value);
  }
  napi_create_array(env, &value);
  napi_set_named_property(env, exports, "names", value);
  return exports;
}
`;

/** Computes in a thread that then ends, and goes on for a while. */
const inThread = `
const { Worker } = require('node:worker_threads');
const work = ${String((file: string) => {
  const holder = { exports: {} as Record<string, unknown> };
  process.dlopen(holder, file);
  const { start, run, names } = holder.exports as {
    start: (threads: number) => void;
    run: (...args: unknown[]) => void;
    names: string[];
  };
  start(4);
  const memory = new SharedArrayBuffer(64);
  new Float32Array(memory).set([-1, 0, 1, 2, 1, 2, 3, 4], 4);
  const words = Int32Array.of(16, 32, 48, 4, 1);
  run(new Uint8Array(memory), names.indexOf('reluGradient'), 4, words, true);
  console.log(String(new Float32Array(memory, 48, 4)));
})};
const worker = new Worker('(' + work + ')(require("node:worker_threads").workerData)', { eval: true, workerData: process.argv[1] });
worker.on('exit', () => setTimeout(() => undefined, 200));
`;
