import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FoundPython } from '../contract/backend';
import { runCommand } from './command';

interface Candidate {
  python: string;
  origin: string;
}

const onPath = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];

/** The interpreter of a virtual environment; null where there is none. */
const interpreterIn = (environment: string): string | null => {
  const parts = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const python = join(environment, ...parts);
  return existsSync(python) ? python : null;
};

const environmentCandidates = (): Candidate[] => {
  const { VIRTUAL_ENV, CONDA_PREFIX } = process.env;
  const places = [
    { folder: VIRTUAL_ENV, origin: 'VIRTUAL_ENV' },
    { folder: resolve('.venv'), origin: '.venv' },
    { folder: CONDA_PREFIX, origin: 'CONDA_PREFIX' },
  ];
  return places.flatMap(({ folder, origin }) => {
    const python = folder ? interpreterIn(folder) : null;
    return python ? [{ python, origin }] : [];
  });
};

/** Asks without importing TensorFlow or Keras, which takes seconds and prints. */
const question = `
import importlib.metadata as metadata, importlib.util as util, json, os, sys
if sys.version_info < (3, 8): sys.exit(9)
known = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-macos", "tensorflow-rocm", "tf-nightly", "tf-nightly-cpu")
def version(names):
    for name in names:
        try: return metadata.version(name)
        except metadata.PackageNotFoundError: pass
def place(name):
    try: spec = util.find_spec(name)
    except (ImportError, ValueError): return None
    return os.path.dirname(spec.origin) if spec and spec.origin else None
folder = place("tensorflow")
print(json.dumps({
    "prefix": sys.prefix,
    "python": sys.executable,
    "version": "%d.%d.%d" % sys.version_info[:3],
    "tensorflow": {"folder": folder, "version": version(known) or "of unknown version"} if folder else None,
    "keras": (version(("keras",)) or "of unknown version") if place("keras") else None,
}))
`;

interface Inspected {
  /** The environment: `python` and `python3` of one are the same interpreter. */
  prefix: string;
  found: FoundPython;
}

const inspect = async (
  { python, origin }: Candidate,
  signal: AbortSignal | undefined,
): Promise<Inspected | null> => {
  const { code, output } = await runCommand(python, ['-c', question], { signal, timeoutMs: 20_000 });
  if (code !== 0) return null;
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    const { prefix, ...facts } = JSON.parse(line) as Omit<FoundPython, 'origin'> & { prefix: string };
    return { prefix, found: { ...facts, origin } };
  } catch {
    return null;
  }
};

/**
 * The Python interpreters (3.8 or newer) of this machine, in the order in which they are asked: those named, the active
 * virtual environment, the `.venv` of the working folder, conda's, those on PATH. Each once.
 */
export const findPythons = async (named: readonly string[], signal?: AbortSignal): Promise<FoundPython[]> => {
  const candidates = [
    ...named.map((python) => ({ python, origin: 'named' })),
    ...environmentCandidates(),
    ...onPath.map((python) => ({ python, origin: 'PATH' })),
  ];
  const answers = await Promise.all(candidates.map((candidate) => inspect(candidate, signal)));
  const seen = new Set<string>();
  return answers.flatMap((answer) => {
    if (!answer || seen.has(answer.prefix)) return [];
    seen.add(answer.prefix);
    return [answer.found];
  });
};
