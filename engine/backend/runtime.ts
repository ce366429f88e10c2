import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
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
  source: z.string(),
  installedAt: z.string(),
});
export type RuntimeRecord = z.infer<typeof runtimeSchema>;

/** A folder that holds a compiled binding and knows its TensorFlow. */
export interface Runtime {
  folder: string;
  binding: string;
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

const newestFirst = (a: string, b: string): number => b.localeCompare(a, 'en', { numeric: true });

/** Complete installations for this platform in the cache folder, newest TensorFlow first. */
export const installedRuntimes = (): Runtime[] => {
  const root = runtimesFolder();
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => /^\d/.test(name))
    .sort(newestFirst)
    .map((name) => join(root, name))
    .map((folder) => ({ folder, binding: join(folder, bindingFile), record: readRecord(folder) }))
    .filter(
      ({ binding, record }) =>
        record?.platform === process.platform && record.arch === process.arch && existsSync(binding),
    );
};

/** The runtime that `RETORT_TENSORFLOW` names: a folder with `tfjs_binding.node`, or that file itself. */
export const namedRuntime = (): Runtime | null => {
  const named = process.env.RETORT_TENSORFLOW;
  if (!named) return null;
  const folder = named.endsWith('.node') ? resolve(named, '..') : resolve(named);
  const binding = named.endsWith('.node') ? resolve(named) : join(folder, bindingFile);
  return { folder, binding, record: readRecord(folder) };
};
