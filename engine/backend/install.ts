import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { Failed } from '../contract/failure';
import { stoppedByUser } from './command';
import { compileBinding, findCompiler, headerFolders, libraryNames } from './compile';
import { diskFull, downloadWheel, findPython, importableTensorflow, unpackWheel } from './python';
import type { Progress } from './progress';
import { bindingFile, installedRuntimes, runtimeFile, runtimesFolder, type RuntimeRecord } from './runtime';
import { selfTest, type SelfTest } from './selfTest';

const neededBytes = 1.3e9;
const unfinished = '.installing-';

/**
 * Installs TensorFlow's libraries and the binding compiled against them into `<cache>/tensorflow/<version>`, from the
 * user's own Python where it has them, else from the wheel that pip downloads. Returns the folder; at once where an
 * installation that works is there. Safe to interrupt, to repeat, and to run twice at the same time.
 *
 * @throws Failed backendMissing (no Python, pip, compiler or wheel), backendBroken (does not compile or compute),
 * diskFull, stopped.
 */
export const installTensorflow = async (progress: Progress, signal?: AbortSignal): Promise<string> => {
  if (process.platform === 'win32') throw windowsUnsupported();
  await mkdir(runtimesFolder(), { recursive: true });
  const release = await lockFolder(progress, signal);
  try {
    progress('Looking for an installed TensorFlow', null);
    const working = await workingRuntime(signal);
    if (working) return working;
    await removeUnfinished();
    return await installAnew(progress, signal);
  } finally {
    await release().catch(() => undefined);
  }
};

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
const lockFolder = async (
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

/** The newest installation that still passes its self-test; broken ones are removed. */
const workingRuntime = async (signal: AbortSignal | undefined): Promise<string | null> => {
  for (const { folder, binding } of installedRuntimes()) {
    try {
      await selfTest(binding, signal);
      return folder;
    } catch (error) {
      if (error instanceof Failed) throw error;
      await rm(folder, { recursive: true, force: true });
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
  python: string;
  compiler: string;
  folder: string;
  progress: Progress;
  signal: AbortSignal | undefined;
}

const installAnew = async (progress: Progress, signal: AbortSignal | undefined): Promise<string> => {
  const python = await findPython(signal);
  const compiler = await findCompiler(signal);
  const folder = join(runtimesFolder(), `${unfinished}${process.pid}`);
  await mkdir(folder);
  try {
    const parts = { python, compiler, folder, progress, signal };
    const record = (await reuse(parts)) ?? (await fetchWheel(parts));
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

const describe = (tested: SelfTest, libraries: string, source: string): RuntimeRecord => ({
  tensorflow: tested.tensorflow,
  platform: process.platform,
  arch: process.arch,
  libraries,
  source,
  installedAt: new Date().toISOString(),
});

/** Builds against the TensorFlow of the user's Python, in place. Null where there is none that serves. */
const reuse = async ({
  python,
  compiler,
  folder,
  progress,
  signal,
}: Parts): Promise<RuntimeRecord | null> => {
  const found = await importableTensorflow(python, signal);
  if (!found || !libraryNames.every((name) => existsSync(join(found.folder, name)))) return null;
  progress(`Compiling the binding for TensorFlow ${found.version} of ${python}`, 0.5);
  const include = join(found.folder, 'include');
  try {
    const places = { include, libraries: found.folder, searchPath: found.folder, output: folder };
    await compileBinding({ compiler, signal }, places);
    const tested = await selfTest(join(folder, bindingFile), signal);
    return describe(tested, found.folder, `TensorFlow ${found.version} in ${found.folder}`);
  } catch (error) {
    if (error instanceof Failed && error.code === 'stopped') throw error;
    progress(`TensorFlow ${found.version} of ${python} does not serve: ${(error as Error).message}`, null);
    return null;
  }
};

/** Downloads a wheel and keeps only its libraries and the binding. */
const fetchWheel = async ({ python, compiler, folder, progress, signal }: Parts): Promise<RuntimeRecord> => {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededBytes) throw diskFull(runtimesFolder());
  const download = join(folder, 'download');
  await mkdir(download);
  progress('Downloading TensorFlow', 0);
  const wheel = await downloadWheel(python, download, progress, signal);
  progress('Unpacking TensorFlow', 0.7);
  const members = [...libraryNames, ...headerFolders.map((name) => `include/${name}`)];
  await unpackWheel(
    python,
    wheel,
    members.map((name) => `tensorflow/${name}`),
    folder,
    signal,
  );
  await rm(download, { recursive: true });
  progress('Compiling the binding', 0.85);
  const include = join(folder, 'include');
  const searchPath = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  await compileBinding({ compiler, signal }, { include, libraries: folder, searchPath, output: folder });
  await rm(include, { recursive: true });
  progress('Checking that it computes', 0.97);
  const tested = await selfTest(join(folder, bindingFile), signal).catch((error: Error) => {
    if (error instanceof Failed) throw error;
    throw new Failed(
      'backendBroken',
      `TensorFlow was installed but does not work here: ${error.message}.`,
      'Report this with the output of `retort backends --json`; the cpu backend still works.',
    );
  });
  return describe(tested, '.', wheel.split(/[\\/]/).at(-1) ?? wheel);
};
