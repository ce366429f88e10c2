import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { lock } from 'proper-lockfile';
import type { FoundPython } from '../contract/backend';
import { Failed } from '../contract/failure';
import {
  bindingSources,
  findBindingSources,
  putBinding,
  type BindingSources,
  type BindingTarget,
  type PutBinding,
} from './binding';
import { stoppedByUser } from './command';
import { headerFolders } from './compile';
import { findPythons } from './interpreters';
import { diskFull, downloadWheel, noPython, pythonWithPip, unpackWheel } from './python';
import type { Progress } from './progress';
import { lacksOperations, putOperations } from './putOperations';
import {
  installedRuntimes,
  libraryNames,
  runtimeFile,
  runtimesFolder,
  type Runtime,
  type RuntimeRecord,
} from './runtime';
import { selfTest } from './selfTest';

const neededBytes = 1.3e9;
const unfinished = '.installing-';

/**
 * Makes TensorFlow ready in `<cache>/tensorflow/<version>`: the libraries of the first Python that has them, in place,
 * else those of the wheel that pip downloads; and a binding for them. Returns the folder; at once where an installation
 * that works is there, unless a Python that is `named` has another TensorFlow. Safe to interrupt, to repeat, and to run
 * twice at the same time.
 *
 * @throws Failed backendMissing (no Python, pip, compiler or wheel), backendBroken (does not compile or compute),
 * diskFull, stopped.
 */
export const installTensorflow = async (
  progress: Progress,
  signal?: AbortSignal,
  named: readonly string[] = [],
): Promise<string> => {
  if (process.platform === 'win32') throw windowsUnsupported();
  await mkdir(runtimesFolder(), { recursive: true });
  const release = await lockRuntimes(progress, signal);
  try {
    progress('Looking for an installed TensorFlow', null);
    const working = await workingRuntime(signal);
    const pythons = await findPythons(named, signal);
    const wished = pythons.filter((one) => one.origin === 'named' && one.tensorflow !== null);
    if (working && (!wished[0] || uses(working, wished[0]))) return await complete(working, progress, signal);
    if (pythons.length === 0) throw noPython();
    await removeUnfinished();
    const parts = await begin(progress, signal);
    if (working) return (await reuseFirst(parts, wished)) ?? working.folder;
    return (await reuseFirst(parts, pythons)) ?? (await fetch(parts, pythons));
  } finally {
    await release().catch(() => undefined);
  }
};

/** Adds what a runtime lacks that was set up by an earlier Retort. Returns its folder. */
const complete = async (
  { folder, record }: Runtime,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<string> => {
  if (!record || !lacksOperations(folder)) return folder;
  const libraries = resolve(folder, record.libraries);
  const include = join(libraries, 'include');
  const target = { libraries, recorded: record.libraries, include, folder };
  await putOperations(await bindingSources(signal), target, record.binding, progress, signal);
  return folder;
};

const uses = ({ record }: Runtime, { tensorflow }: FoundPython): boolean =>
  tensorflow !== null && record?.libraries === tensorflow.folder;

const windowsUnsupported = (): Failed =>
  new Failed(
    'backendMissing',
    'TensorFlow for Python on Windows does not contain the C library that Retort needs.',
    'Open the project in WSL to use TensorFlow, or choose the cpu backend.',
  );

/**
 * One installer at a time: the others wait and then find its work. A killed one's lock goes stale after 10 s; where the
 * lock is lost because the machine slept, two may work at once, each in its own folder.
 */
export const lockRuntimes = async (
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<() => Promise<void>> => {
  for (let tries = 0; ; tries++) {
    if (signal?.aborted) throw stoppedByUser();
    try {
      return await lock(runtimesFolder(), { stale: 10_000, update: 2_000, onCompromised: () => undefined });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw error;
      if (tries === 0) progress('Waiting for another installation to finish', null);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
};

/** The installation in use, if it still passes its self-test; broken ones are removed. */
const workingRuntime = async (signal: AbortSignal | undefined): Promise<Runtime | null> => {
  for (const runtime of installedRuntimes()) {
    try {
      await selfTest(runtime, signal);
      return runtime;
    } catch (error) {
      if (error instanceof Failed) throw error;
      await rm(runtime.folder, { recursive: true, force: true });
    }
  }
  return null;
};

const removeUnfinished = async (): Promise<void> => {
  for (const name of await readdir(runtimesFolder())) {
    if (name.startsWith(unfinished)) await rm(join(runtimesFolder(), name), { recursive: true, force: true });
  }
};

interface Parts {
  sources: BindingSources;
  progress: Progress;
  signal: AbortSignal | undefined;
}

const begin = async (progress: Progress, signal: AbortSignal | undefined): Promise<Parts> => ({
  sources: await findBindingSources(signal),
  progress,
  signal,
});

/** Fills a folder of its own, which takes its place in the cache when it is whole. */
const inNewFolder = async (
  { progress }: Parts,
  fill: (folder: string) => Promise<RuntimeRecord>,
): Promise<string> => {
  const folder = join(runtimesFolder(), `${unfinished}${process.pid}`);
  await mkdir(folder);
  try {
    const record = await fill(folder);
    await writeFile(join(folder, runtimeFile), JSON.stringify(record, null, 2));
    const final = join(runtimesFolder(), record.tensorflow);
    await rm(final, { recursive: true, force: true });
    await rename(folder, final);
    progress(`TensorFlow ${record.tensorflow} is ready`, 1);
    return final;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const putAll = async ({ sources, progress, signal }: Parts, target: BindingTarget): Promise<PutBinding> => {
  const put = await putBinding(sources, target, progress, signal);
  await putOperations(sources, target, put.binding, progress, signal);
  return put;
};

const describe = (put: PutBinding, libraries: string, source: string): RuntimeRecord => ({
  tensorflow: put.tensorflow,
  platform: process.platform,
  arch: process.arch,
  libraries,
  binding: put.binding,
  source,
  installedAt: new Date().toISOString(),
});

const hasLibraries = (folder: string): boolean =>
  libraryNames.every((name) => existsSync(join(folder, name)));

/** Uses the TensorFlow of the first Python that has one, in place. Null where none serves. */
const reuseFirst = async (parts: Parts, pythons: readonly FoundPython[]): Promise<string | null> => {
  const { progress } = parts;
  for (const { python, tensorflow } of pythons) {
    if (!tensorflow) continue;
    const name = `TensorFlow ${tensorflow.version} of ${python}`;
    try {
      if (!hasLibraries(tensorflow.folder)) throw new Error('it has no libtensorflow_cc');
      progress(`Using ${name}`, 0.5);
      return await inNewFolder(parts, (folder) => reuse(parts, tensorflow, folder));
    } catch (error) {
      if (error instanceof Failed && error.code === 'stopped') throw error;
      progress(`${name} does not serve: ${(error as Error).message}`, null);
    }
  }
  return null;
};

const reuse = async (
  parts: Parts,
  { folder: libraries, version }: NonNullable<FoundPython['tensorflow']>,
  folder: string,
): Promise<RuntimeRecord> => {
  const target = { libraries, recorded: libraries, include: join(libraries, 'include'), folder };
  const put = await putAll(parts, target);
  return describe(put, libraries, `TensorFlow ${version} in ${libraries}`);
};

/** Downloads a wheel with pip into `folder` and keeps of it what `members` starts with. */
export const takeFromWheel = async (
  python: string,
  members: readonly string[],
  folder: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes) throw diskFull(runtimesFolder());
  const download = join(folder, 'download');
  await mkdir(download);
  progress('Downloading TensorFlow', 0);
  const wheel = await downloadWheel(python, download, progress, signal);
  progress('Unpacking TensorFlow', 0.7);
  const inWheel = members.map((name) => `tensorflow/${name}`);
  await unpackWheel(python, wheel, inWheel, folder, signal);
  await rm(download, { recursive: true });
  return wheel.split(/[\\/]/).at(-1) ?? wheel;
};

/** TensorFlow's headers in a wheel, as far as the binding needs them. */
export const headerMembers = headerFolders.map((name) => `include/${name}`);

/** Installs the libraries of a wheel; its headers stay, for they are small and serve another compilation. */
const fetch = async (parts: Parts, pythons: readonly FoundPython[]): Promise<string> => {
  const { progress, signal } = parts;
  const python = await pythonWithPip(pythons, signal);
  return inNewFolder(parts, async (folder) => {
    const wheel = await takeFromWheel(python, [...libraryNames, ...headerMembers], folder, progress, signal);
    const target = { libraries: folder, recorded: '.', include: join(folder, 'include'), folder };
    const put = await putAll(parts, target).catch((error: Error) => {
      if (error instanceof Failed) throw error;
      throw new Failed(
        'backendBroken',
        `TensorFlow was installed but does not work here: ${error.message}.`,
        'Report this with the output of `retort backends --json`; the wasm backend still works.',
      );
    });
    return describe(put, '.', wheel);
  });
};
