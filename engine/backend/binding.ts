import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstalledTensorflow } from '../contract/backend';
import { Failed } from '../contract/failure';
import { compileBinding, findCompiler, noCompiler } from './compile';
import { prebuiltPlace } from './packagedFile';
import type { Progress } from './progress';
import { bindingFile, loadable, quietFile } from './runtime';
import { selfTest, type SelfTest } from './selfTest';

/** The folder of the binding that this package carries for this platform; null where it carries none. */
export const prebuiltFolder = (): string | null => {
  const folder = prebuiltPlace();
  return folder && existsSync(join(folder, bindingFile)) ? folder : null;
};

/** Where a binding can come from on this machine. */
export interface BindingSources {
  compiler: string | null;
  prebuilt: string | null;
}

export const bindingSources = async (signal: AbortSignal | undefined): Promise<BindingSources> => ({
  compiler: await findCompiler(signal),
  prebuilt: prebuiltFolder(),
});

/** @throws Failed backendMissing where there is neither a compiler nor a prebuilt binding. */
export const findBindingSources = async (signal: AbortSignal | undefined): Promise<BindingSources> => {
  const sources = await bindingSources(signal);
  if (sources.compiler === null && sources.prebuilt === null) throw noCompiler();
  return sources;
};

export interface BindingTarget {
  /** TensorFlow's libraries now. */
  libraries: string;
  /** The same as the runtime's record says it: absolute, or relative to the folder that gets the binding. */
  recorded: string;
  /** Its headers; the folder may be missing. */
  include: string;
  /** Gets the binding. */
  folder: string;
}

export interface PutBinding extends SelfTest {
  binding: InstalledTensorflow['binding'];
}

type Attempt = readonly [PutBinding['binding'], () => Promise<unknown>];

/** Where a module will look for TensorFlow's libraries. */
export const searchPathFor = (recorded: string): string => {
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  return recorded === '.' ? origin : recorded;
};

const attemptsFor = (
  { compiler, prebuilt }: BindingSources,
  { libraries, recorded, include, folder }: BindingTarget,
  progress: Progress,
  signal: AbortSignal | undefined,
): Attempt[] => {
  const attempts: Attempt[] = [];
  if (compiler !== null && existsSync(join(include, 'tensorflow', 'c', 'c_api.h'))) {
    const searchPath = searchPathFor(recorded);
    attempts.push([
      'compiled',
      () => {
        progress('Compiling the binding', 0.85);
        return compileBinding({ compiler, signal }, { include, libraries, searchPath, output: folder });
      },
    ]);
  }
  if (prebuilt !== null)
    attempts.push([
      'prebuilt',
      () => {
        progress('Taking the prebuilt binding', 0.95);
        const names = [bindingFile, quietFile];
        return Promise.all(names.map((name) => copyFile(join(prebuilt, name), join(folder, name))));
      },
    ]);
  return attempts;
};

/**
 * Puts a binding for a TensorFlow into a folder: compiled for it where that works, else the prebuilt one. Only one that
 * has computed here stays. Throws the reason of the first attempt where none does.
 */
export const putBinding = async (
  sources: BindingSources,
  target: BindingTarget,
  progress: Progress,
  signal: AbortSignal | undefined,
): Promise<PutBinding> => {
  let reason: unknown = null;
  for (const [binding, put] of attemptsFor(sources, target, progress, signal)) {
    try {
      await put();
      progress('Checking that it computes', 0.97);
      const runtime = loadable(target.folder, { binding, libraries: target.recorded });
      return { binding, ...(await selfTest(runtime, signal)) };
    } catch (error) {
      if (error instanceof Failed && error.code === 'stopped') throw error;
      reason ??= error;
    }
  }
  throw reason ?? noCompiler();
};
