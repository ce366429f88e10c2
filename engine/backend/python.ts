import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoundPython } from '../contract/backend';
import { Failed } from '../contract/failure';
import { lastLine, runCommand } from './command';
import type { Progress } from './progress';

const aptHint =
  'On Debian and Ubuntu: `apt install python3 python3-pip`. Then run `retort backends --install`.';

export const noPython = (): Failed =>
  new Failed('backendMissing', 'TensorFlow cannot be fetched: Python 3 was not found.', aptHint);

/** The first that has pip. Throws backendMissing where none has. */
export const pythonWithPip = async (
  pythons: readonly FoundPython[],
  signal: AbortSignal | undefined,
): Promise<string> => {
  for (const { python } of pythons) {
    if ((await runCommand(python, ['-m', 'pip', '--version'], { signal })).code === 0) return python;
  }
  const names = pythons.map(({ python }) => python).join(', ');
  throw new Failed('backendMissing', `TensorFlow cannot be fetched: ${names} has no pip.`, aptHint);
};

/** Bytes of the files below a folder. */
export const bytesBelow = async (folder: string): Promise<number> => {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await stat(join(folder, entry)).catch(() => null);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
};

/** The CPU build is a third of the size; some platforms have only the plain name. */
const packages =
  process.platform !== 'linux'
    ? ['tensorflow']
    : process.arch === 'x64'
      ? ['tensorflow-cpu']
      : ['tensorflow-cpu', 'tensorflow'];

/** pip takes the wheel for its own Python first; the libraries inside serve whichever Python it is for. */
const pythonVersions = [null, '3.13', '3.12', '3.11'];

/** Downloads a TensorFlow wheel with pip into `folder`; returns the file. */
export const downloadWheel = async (
  python: string,
  folder: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const temporary = join(folder, 'pip');
  await mkdir(temporary, { recursive: true });
  const watch = setInterval(() => {
    void bytesBelow(folder).then((bytes) => {
      progress(`Downloading TensorFlow (${Math.round(bytes / 1e6)} MB)`, null);
    });
  }, 1000);
  try {
    return await tryPackages(python, folder, temporary, signal);
  } finally {
    clearInterval(watch);
  }
};

const tryPackages = async (
  python: string,
  folder: string,
  temporary: string,
  signal: AbortSignal | undefined,
): Promise<string> => {
  const env = { ...process.env, TMPDIR: temporary, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  let reason = '';
  for (const version of pythonVersions) {
    for (const name of packages) {
      const args = ['-m', 'pip', 'download', name, '--no-deps', '--only-binary=:all:', '--no-cache-dir'];
      args.push('--retries', '2', '--progress-bar', 'off', '--dest', folder);
      if (version) args.push('--python-version', version);
      const { code, errors } = await runCommand(python, args, { signal, env });
      const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'));
      if (code === 0 && wheel) return join(folder, wheel);
      if (/No space left|Errno 28/.test(errors)) throw diskFull(folder);
      if (/connection broken/i.test(errors)) throw downloadFailed('its index cannot be reached');
      reason = lastLine(errors);
      if (!/no matching distribution/i.test(errors)) throw downloadFailed(reason);
    }
  }
  throw downloadFailed(reason);
};

const downloadFailed = (reason: string): Failed =>
  new Failed(
    'backendMissing',
    `pip could not download TensorFlow: ${reason.replace(/^ERROR:\s*/, '').replace(/\.$/, '')}.`,
    'Check the network and pip’s index, or install TensorFlow into your own Python; then run `retort backends --install`.',
  );

/** Unpacks the members of `wheel` that start with one of `prefixes` below `folder`, dropping `tensorflow/`. */
export const unpackWheel = async (
  python: string,
  wheel: string,
  prefixes: readonly string[],
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const script = [
    'import os, shutil, sys, zipfile',
    'wheel, folder, *prefixes = sys.argv[1:]',
    'archive = zipfile.ZipFile(wheel)',
    'for info in archive.infolist():',
    '    if info.is_dir() or not info.filename.startswith(tuple(prefixes)): continue',
    '    target = os.path.join(folder, *info.filename.split("/")[1:])',
    '    os.makedirs(os.path.dirname(target), exist_ok=True)',
    '    with archive.open(info) as source, open(target, "wb") as file: shutil.copyfileobj(source, file, 1 << 20)',
  ];
  const { code, errors } = await runCommand(python, ['-c', script.join('\n'), wheel, folder, ...prefixes], {
    signal,
  });
  if (code === 0) return;
  if (/No space left|Errno 28/.test(errors)) throw diskFull(folder);
  throw new Failed(
    'backendBroken',
    `The TensorFlow wheel could not be unpacked: ${lastLine(errors)}.`,
    'Run `retort backends --install` again.',
  );
};

export const diskFull = (folder: string): Failed =>
  new Failed(
    'diskFull',
    `There is too little room for TensorFlow’s libraries in ${folder}: about 1.2 GB while installing, 0.9 GB after.`,
    'Free some space, or set RETORT_CACHE to a folder on a larger disk.',
  );
