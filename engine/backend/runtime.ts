import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { InstalledTensorflow } from '../contract/backend';
import { cacheFolder } from './cacheFolder';

export const bindingFile = 'tfjs_binding.node';
export const quietFile = 'quiet.node';
export const runtimeFile = 'runtime.json';

/** What an installation says of itself, in `runtime.json` beside the binding. */
const runtimeSchema = z.object({
  tensorflow: z.string(),
  platform: z.string(),
  arch: z.string(),
  /** Folder of TensorFlow's libraries: `.`, or an absolute folder of the user's own Python. */
  libraries: z.string(),
  /** What was written before there were prebuilt ones was compiled. */
  binding: z.enum(['compiled', 'prebuilt']).default('compiled'),
  source: z.string(),
  installedAt: z.string(),
}) satisfies z.ZodType<Omit<InstalledTensorflow, 'folder' | 'bytes'>>;
export type RuntimeRecord = z.infer<typeof runtimeSchema>;

/** TensorFlow's libraries as pip's wheels name them, in the order in which they are opened. */
export const libraryNames =
  process.platform === 'darwin'
    ? ['libtensorflow_framework.2.dylib', 'libtensorflow_cc.2.dylib']
    : ['libtensorflow_framework.so.2', 'libtensorflow_cc.so.2'];

/** What must be loaded, in this order: a prebuilt binding finds only libraries that are open already. */
export interface Loadable {
  binding: string;
  /** The module that keeps TensorFlow's start silent and opens libraries; null where a folder has none. */
  quiet: string | null;
  /** Absolute; opened before the binding. */
  libraries: string[];
}

/** A folder that holds a binding and knows its TensorFlow. */
export interface Runtime extends Loadable {
  folder: string;
  /** Null for a folder that the user named and that Retort did not install. */
  record: RuntimeRecord | null;
}

export const runtimesFolder = (): string => join(cacheFolder(), 'tensorflow');

const readRecord = (folder: string): RuntimeRecord | null => {
  try {
    return runtimeSchema.parse(JSON.parse(readFileSync(join(folder, runtimeFile), 'utf8')));
  } catch {
    return null;
  }
};

/** What to load of a runtime's folder. A compiled binding knows where its libraries are. */
export const loadable = (
  folder: string,
  { binding, libraries }: Pick<RuntimeRecord, 'binding' | 'libraries'>,
): Loadable => {
  const quiet = join(folder, quietFile);
  return {
    binding: join(folder, bindingFile),
    quiet: existsSync(quiet) ? quiet : null,
    libraries:
      binding === 'prebuilt' ? libraryNames.map((name) => join(resolve(folder, libraries), name)) : [],
  };
};

const compiled = { binding: 'compiled', libraries: '.' } as const;

const runtimeIn = (folder: string): Runtime => {
  const record = readRecord(folder);
  return { folder, record, ...loadable(folder, record ?? compiled) };
};

const isComplete = ({ folder, binding, record }: Runtime): boolean =>
  record?.platform === process.platform &&
  record.arch === process.arch &&
  existsSync(binding) &&
  libraryNames.every((name) => existsSync(join(resolve(folder, record.libraries), name)));

const installedAt = ({ record }: Runtime): string => record?.installedAt ?? '';

/** Every folder in the cache that says of itself that it is a runtime, also one that cannot be used any more. */
export const runtimeFolders = (): Runtime[] => {
  const root = runtimesFolder();
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^\d/.test(name))
    .map((name) => runtimeIn(join(root, name)));
};

/** Complete installations for this platform in the cache folder: what was set up last goes first. */
export const installedRuntimes = (): Runtime[] =>
  runtimeFolders()
    .filter(isComplete)
    .sort((a, b) => installedAt(b).localeCompare(installedAt(a)));

/** The runtime that `RETORT_TENSORFLOW` names: a folder with `tfjs_binding.node`, or that file itself. */
export const namedRuntime = (): Runtime | null => {
  const named = process.env.RETORT_TENSORFLOW;
  if (!named) return null;
  const isFile = named.endsWith('.node');
  const runtime = runtimeIn(isFile ? resolve(named, '..') : resolve(named));
  return isFile ? { ...runtime, binding: resolve(named) } : runtime;
};
