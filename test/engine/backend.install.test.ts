import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prebuildBinding } from '../../engine/backend/prebuild';
import { installTensorflow } from '../../engine/backend/install';
import { instructionSets, supportedSets } from '../../engine/backend/instructionSets';
import { operationsFile } from '../../engine/backend/operations';
import { unpackWheel } from '../../engine/backend/python';
import { findPythons } from '../../engine/backend/interpreters';
import { putBinding } from '../../engine/backend/binding';
import { listInstalled, removeTensorflow } from '../../engine/backend/remove';
import { installedRuntimes, libraryNames } from '../../engine/backend/runtime';
import type { BackendReport } from '../../engine/contract/backend';
import type { RunReport } from '../../engine/contract/run';
import { isAtMost, newestNeeded } from '../fixtures/neededLibraries';
import { runCommand, startCommand } from './command';
import { tinyProject } from './tinyProject';

const environment = { ...process.env };
const [own] = installedRuntimes();
const libraries = own ? resolve(own.folder, own.record?.libraries ?? '.') : '';
const headers = own && [own.folder, libraries].map((folder) => join(folder, 'include')).find(existsSync);

const answers = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Why these cannot run here; null where they can. */
const missing = ((): string | null => {
  if (process.platform !== 'linux') return 'a prebuilt binding is made on Linux only';
  if (!own) return 'TensorFlow is not installed; run `retort backends --install`';
  if (!headers) return 'the TensorFlow that is installed has no headers: remove it and install it again';
  if (!answers('python3')) return 'there is no Python 3';
  return answers('c++') || answers('g++') ? null : 'there is no C++ compiler';
})();

const silent = (): void => undefined;
let scratch = '';
let prebuilt = '';
let python = '';

const restoreEnvironment = (): void => {
  for (const name of ['RETORT_CACHE', 'RETORT_PREBUILT', 'PYTHONPATH', 'PATH', 'CXX']) {
    if (environment[name] === undefined) delete process.env[name];
    else process.env[name] = environment[name];
  }
};

/** A folder on Python's path that holds a TensorFlow: its libraries and headers, without its Python. */
const lendTensorflow = async (): Promise<string> => {
  const site = join(scratch, 'site');
  const folder = join(site, 'tensorflow');
  await mkdir(join(site, 'tensorflow_cpu-2.99.0.dist-info'), { recursive: true });
  await writeFile(
    join(site, 'tensorflow_cpu-2.99.0.dist-info', 'METADATA'),
    'Metadata-Version: 2.1\nName: tensorflow-cpu\nVersion: 2.99.0\n',
  );
  await mkdir(folder);
  await writeFile(join(folder, '__init__.py'), 'raise RuntimeError("imported")\n');
  for (const name of libraryNames) await symlink(join(libraries, name), join(folder, name));
  await cp(headers ?? '', join(folder, 'include'), { recursive: true });
  return site;
};

/** This Python alone is on the path, no compiler. */
const withoutCompiler = async (): Promise<void> => {
  const folder = join(scratch, 'bin');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'python3'), `#!/bin/sh\nexec '${python}' "$@"\n`, { mode: 0o755 });
  process.env.RETORT_PREBUILT = prebuilt;
  process.env.PATH = folder;
  process.env.CXX = '';
};

beforeAll(async () => {
  if (missing) return;
  scratch = await mkdtemp(join(tmpdir(), 'retort-install-'));
  prebuilt = join(scratch, 'prebuilt');
  await prebuildBinding(prebuilt, silent);
  const [found] = await findPythons([]);
  python = found?.python ?? '';
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('setting up TensorFlow', () => {
  let site = '';
  beforeAll(async () => {
    if (!missing) site = await lendTensorflow();
  });
  beforeEach(async (context) => {
    if (missing) return context.skip(missing);
    process.env.RETORT_CACHE = await mkdtemp(join(scratch, 'cache-'));
    process.env.PYTHONPATH = site;
    return restoreEnvironment;
  });

  it('uses the libraries of the user’s own Python in place, with a binding compiled for them', async () => {
    const folder = await installTensorflow(silent);
    const [installed] = await listInstalled();
    expect(installed).toMatchObject({ folder, binding: 'compiled', libraries: join(site, 'tensorflow') });
    expect(installed?.bytes).toBeLessThan(1e6);
    const operations = supportedSets().slice(0, 1).map(operationsFile);
    expect((await readdir(folder)).sort()).toEqual(
      [...operations, 'quiet.node', 'runtime.json', 'tfjs_binding.node'].sort(),
    );
    const report = JSON.parse((await runCommand(['backends', '--json'])).output) as BackendReport;
    expect(report.choice).toMatchObject({ name: 'tensorflow', passedOver: [] });
    expect(report.pythons[0]).toMatchObject({ tensorflow: { version: '2.99.0' } });
  });

  it('takes the prebuilt binding where there is no compiler, and trains with it', async () => {
    await withoutCompiler();
    await installTensorflow(silent);
    expect(await listInstalled()).toMatchObject([
      { binding: 'prebuilt', libraries: join(site, 'tensorflow') },
    ]);
    const project = await tinyProject();
    try {
      await project.change({ training: { epochs: 1, batchSize: 32 }, control: false, backend: 'tensorflow' });
      const { code, output, errors } = await runCommand(['run', project.recipe, '--json']);
      expect(code, errors).toBe(0);
      expect((JSON.parse(output) as RunReport).backend.passedOver).toEqual([]);
    } finally {
      await project.remove();
    }
  });

  it('leaves a working installation alone, but follows a Python that is named', async () => {
    await withoutCompiler();
    const first = await installTensorflow(silent);
    const [before] = await listInstalled();
    expect(await installTensorflow(silent)).toBe(first);
    expect(await listInstalled()).toEqual([before]);

    const other = join(scratch, 'other site');
    await cp(site, other, { recursive: true, verbatimSymlinks: true });
    const named = join(scratch, 'named-python');
    await writeFile(named, `#!/bin/sh\nPYTHONPATH='${other}' exec '${python}' "$@"\n`, { mode: 0o755 });
    await installTensorflow(silent, undefined, [named]);
    expect(await listInstalled()).toMatchObject([{ libraries: join(other, 'tensorflow') }]);
  });

  it('gives an installation what an earlier Retort did not put there', async () => {
    await withoutCompiler();
    const folder = await installTensorflow(silent);
    for (const set of supportedSets()) await rm(join(folder, operationsFile(set)), { force: true });
    const { passedOver } = (JSON.parse((await runCommand(['backends', '--json'])).output) as BackendReport)
      .choice;
    expect(passedOver.map(({ name }) => name)).toEqual(
      supportedSets()
        .slice(0, 1)
        .map(() => 'Winograd kernels'),
    );
    expect(await installTensorflow(silent)).toBe(folder);
    const names = (await readdir(folder)).filter((name) => name.startsWith('operations-'));
    expect(names).toEqual(supportedSets().slice(0, 1).map(operationsFile));
  });

  it('keeps no operations that do not compute', async (context) => {
    const [set] = supportedSets();
    if (!set) return context.skip('there are no native kernels for this machine');
    await withoutCompiler();
    const broken = join(scratch, 'broken');
    await cp(prebuilt, broken, { recursive: true });
    await writeFile(join(broken, operationsFile(set)), 'cut off');
    process.env.RETORT_PREBUILT = broken;
    const said: string[] = [];
    const folder = await installTensorflow((message) => said.push(message));
    expect(said.join()).toContain('TensorFlow goes without Winograd’s kernels: ');
    expect((await readdir(folder)).sort()).toEqual(['quiet.node', 'runtime.json', 'tfjs_binding.node']);
  });

  it('passes over operations that do not load, and says so', async (context) => {
    const [set] = supportedSets();
    if (!set) return context.skip('there are no native kernels for this machine');
    await withoutCompiler();
    const folder = await installTensorflow(silent);
    await writeFile(join(folder, operationsFile(set)), 'cut off');
    const { choice } = JSON.parse((await runCommand(['backends', '--json'])).output) as BackendReport;
    expect(choice.name).toBe('tensorflow');
    expect(choice.passedOver).toMatchObject([
      {
        name: 'Winograd kernels',
        reason: expect.stringMatching(/^They cannot be used: .+--install`\.$/s) as string,
      },
    ]);
  });

  it('is passed over once the Python that lent its libraries is gone', async () => {
    await withoutCompiler();
    const lent = join(scratch, 'lent');
    await cp(site, lent, { recursive: true, verbatimSymlinks: true });
    process.env.PYTHONPATH = lent;
    await installTensorflow(silent);
    expect(installedRuntimes()).toHaveLength(1);
    await rm(lent, { recursive: true });
    expect(installedRuntimes()).toHaveLength(0);
    expect(await listInstalled()).toHaveLength(1);
  });
});

describe('removing TensorFlow', () => {
  beforeEach(async (context) => {
    if (missing) return context.skip(missing);
    process.env.RETORT_CACHE = await mkdtemp(join(scratch, 'cache-'));
    return restoreEnvironment;
  });

  const install = async (): Promise<void> => {
    await withoutCompiler();
    process.env.PYTHONPATH = join(scratch, 'site');
    await installTensorflow(silent);
  };

  it('frees what was installed, and says what there was', async () => {
    await install();
    const { code, output } = await runCommand(['backends', '--remove', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      removed: [{ libraries: join(scratch, 'site', 'tensorflow') }],
    });
    expect(installedRuntimes()).toEqual([]);
    expect(await removeTensorflow(silent)).toEqual({ removed: [], bytes: 0 });
    expect(libraryNames.map((name) => join(scratch, 'site', 'tensorflow', name)).every(existsSync)).toBe(
      true,
    );
  });

  it('refuses while a run uses it, and not after the run was killed', async () => {
    await install();
    const project = await tinyProject();
    await project.change({ training: { epochs: 500, batchSize: 32 } });
    const run = startCommand(['run', project.recipe]);
    try {
      const users = join(process.env.RETORT_CACHE ?? '', 'tensorflow', 'users');
      await expect.poll(() => readdir(users).catch(() => []), { timeout: 30_000 }).toHaveLength(1);
      await expect(removeTensorflow(silent)).rejects.toMatchObject({
        code: 'backendBroken',
        message: `TensorFlow is in use by process ${run.process.pid} (run).`,
      });
      expect(installedRuntimes()).toHaveLength(1);
    } finally {
      run.process.kill('SIGKILL');
      await run.ended;
      await project.remove();
    }
    expect((await removeTensorflow(silent)).removed).toHaveLength(1);
  });
});

/** Versions, e.g. `2.18.0 2.20.0`, that pip can fetch for this Python. */
const versions = (process.env.RETORT_TEST_TENSORFLOWS ?? '').split(/[\s,]+/).filter(Boolean);

describe('the prebuilt binding', () => {
  it('asks for no version of TensorFlow’s symbols and for no folder', (context) => {
    if (missing) return context.skip(missing);
    if (!answers('readelf')) return context.skip('there is no readelf');
    const printed = execFileSync('readelf', ['-d', '-W', '--dyn-syms', join(prebuilt, 'tfjs_binding.node')], {
      encoding: 'utf8',
    });
    expect(printed).toContain('[libtensorflow_cc.so.2]');
    expect(printed).not.toMatch(/RUNPATH|RPATH/);
    const symbols = printed.match(/\bTFE?_\w+(@\S+)?/g) ?? [];
    expect(symbols.length).toBeGreaterThan(30);
    expect(symbols.filter((symbol) => symbol.includes('@'))).toEqual([]);
  });

  it('asks no more of the machine’s libraries than Node 20 does', (context) => {
    if (missing) return context.skip(missing);
    if (!answers('readelf')) return context.skip('there is no readelf');
    for (const name of ['tfjs_binding.node', 'quiet.node', ...instructionSets.map(operationsFile)]) {
      const [glibc, glibcxx] = (['GLIBC', 'GLIBCXX'] as const).map((library) =>
        newestNeeded(join(prebuilt, name), library),
      ) as [string, string];
      expect(isAtMost(glibc, '2.28'), `${name} asks for glibc ${glibc}`).toBe(true);
      expect(isAtMost(glibcxx, '3.4.25'), `${name} asks for ${glibcxx}`).toBe(true);
    }
  });

  it('computes with each TensorFlow that was asked for', { timeout: 900_000 }, async (context) => {
    if (missing) return context.skip(missing);
    if (versions.length === 0)
      return context.skip('set RETORT_TEST_TENSORFLOWS to versions, e.g. "2.18.0 2.20.0", to download them');
    for (const version of versions) {
      const folder = await mkdtemp(join(scratch, 'wheel-'));
      const args = ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary=:all:', '-d', folder];
      execFileSync(python, [...args, `tensorflow-cpu==${version}`]);
      const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '';
      const members = libraryNames.map((name) => `tensorflow/${name}`);
      await unpackWheel(python, join(folder, wheel), members, folder, undefined);
      const target = { libraries: folder, recorded: '.', include: '', folder };
      const put = await putBinding({ compiler: null, prebuilt }, target, silent, undefined);
      expect(put).toMatchObject({ binding: 'prebuilt', tensorflow: version });
      await rm(folder, { recursive: true });
    }
  });
});
