import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, sep } from 'node:path';
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';

interface Manifest {
  type?: string;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
}

const isTensorflow = (name: string): boolean => /^@tensorflow\/tfjs(-|\/|$)/.test(name);

/** The package folder in the innermost node_modules of `path`; null outside of any. */
const packageFolder = (path: string): string | null => {
  const mark = `${sep}node_modules${sep}`;
  const at = path.lastIndexOf(mark);
  if (at < 0) return null;
  const rest = path.slice(at + mark.length).split(sep);
  const name = rest[0]?.startsWith('@') ? rest.slice(0, 2) : rest.slice(0, 1);
  return join(path.slice(0, at + mark.length), ...name);
};

/**
 * Installed packages run as they are, since they may find their own files and binaries. Built in are those that could
 * not run so: ES modules, which `require` cannot load, and users of TensorFlow.js, which must meet the engine's own.
 */
const mustBeBuilt = async (folder: string, path: string): Promise<boolean> => {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
  const manifest = JSON.parse(text) as Manifest;
  const isModule = path.endsWith('.mjs') || (manifest.type === 'module' && !path.endsWith('.cjs'));
  const needs = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  return isModule || needs.some(isTensorflow);
};

const resolvePackage = async (
  build: PluginBuild,
  args: OnResolveArgs,
): Promise<OnResolveResult | undefined> => {
  if (args.pluginData === resolvePackage || isBuiltin(args.path)) return undefined;
  if (isTensorflow(args.path)) return { path: args.path, external: true };
  const { importer, resolveDir, kind, namespace } = args;
  const options = { importer, resolveDir, kind, namespace, pluginData: resolvePackage };
  const found = await build.resolve(args.path, options);
  if (found.errors.length > 0) return { path: args.path, external: true };
  const folder = packageFolder(found.path);
  const isBuilt = folder === null || (await mustBeBuilt(folder, found.path));
  return isBuilt ? { path: found.path } : { path: args.path, external: true };
};

/** Decides for each package that model code imports whether it is built in or left to `require`. */
export const codePackages: Plugin = {
  name: 'packages',
  setup: (build) => build.onResolve({ filter: /^[^./]/ }, (args) => resolvePackage(build, args)),
};
