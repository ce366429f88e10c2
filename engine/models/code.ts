import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compileFunction } from 'node:vm';
import type * as tf from '@tensorflow/tfjs';
import { Failed } from '../contract/failure';
import type { CodeLocation } from '../contract/model';
import { buildCode, metaUrlName, type BuiltCode } from './codeBuild';
import { described, exportNamed, isMaker, isModel } from './codeExports';
import { codeFailed } from './codeFailure';
import { codeConsole, inCodeScope } from './codeScope';
import { tensorflowForCode } from './codeTensorflow';

/** A model made by model code, and the lines that made its layers. */
export interface CodeModel {
  model: tf.LayersModel;
  exportName: string;
  locations: ReadonlyMap<object, CodeLocation>;
}

interface RunningCode {
  built: BuiltCode;
  exports: ReadonlyMap<string, unknown>;
  locations: Map<object, CodeLocation>;
}

const callSites = (): NodeJS.CallSite[] => {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  try {
    Error.prepareStackTrace = (_, sites) => sites;
    Error.stackTraceLimit = 100;
    Error.captureStackTrace(holder, callSites);
    return holder.stack ?? [];
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
};

/** The user's line that asked for a layer: for a layer class of their own, where it is made, not its constructor. */
const makingCall = (built: BuiltCode, classes: ReadonlySet<string>): CodeLocation | null => {
  const user = callSites().filter((site) => site.getFileName() === built.runName);
  const site = user.find((frame) => !(frame.isConstructor() && classes.has(frame.getFunctionName() ?? '')));
  const line = site?.getLineNumber();
  const column = site?.getColumnNumber();
  return line && column ? built.locations.call(line, column) : null;
};

/** `module.exports = fn` counts as `default`, beside whatever else hangs on it. */
const namedExports = async (exported: unknown): Promise<Map<string, unknown>> => {
  const named = new Map<string, unknown>();
  if (isModel(exported) || typeof exported === 'function') named.set('default', exported);
  if (isModel(exported) || exported === null || exported === undefined) return named;
  for (const [name, value] of Object.entries(exported)) named.set(name, await value);
  return named;
};

/** Builds and runs the file's top level. To be called in the code's scope. */
const runCode = async (file: string): Promise<RunningCode> => {
  const built = await buildCode(file);
  const locations = new Map<object, CodeLocation>();
  const tensorflow = tensorflowForCode(file, (made, classes) => {
    const location = makingCall(built, classes);
    if (location) locations.set(made, location);
  });
  const nodeRequire = createRequire(file);
  const require = Object.assign(
    (request: string): unknown => tensorflow(request) ?? nodeRequire(request),
    nodeRequire,
  );
  const module = { exports: {} as unknown };
  try {
    const names = ['exports', 'require', 'module', '__filename', '__dirname', 'console', metaUrlName];
    const body = compileFunction(built.text, names, { filename: built.runName });
    const folder = file.slice(0, file.length - basename(file).length - 1);
    body(module.exports, require, module, file, folder, codeConsole, pathToFileURL(file).href);
    return { built, locations, exports: await namedExports(module.exports) };
  } catch (error) {
    throw codeFailed(error, built);
  }
};

/** Names of exports that are models or could make one; an export under two names counts once. */
const candidates = (exports: ReadonlyMap<string, unknown>): string[] => {
  const seen = new Set<unknown>();
  const names: string[] = [];
  for (const [name, value] of exports) {
    const fits = isModel(value) || (isMaker(value) && value.length === 0);
    if (fits && !seen.has(value)) names.push(name);
    seen.add(value);
  }
  return names;
};

const chooseExport = ({ built, exports }: RunningCode): string => {
  const names = candidates(exports);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const name = basename(built.file);
  throw new Failed(
    'modelInvalid',
    only === undefined
      ? `${name} exports neither a model nor a function that can be called without arguments.`
      : `${name} exports several things that could be the model: ${names.join(', ')}.`,
    only === undefined ? 'Export the model, or a function that returns it.' : `Write ${name}#${only}, say.`,
  );
};

const modelOf = async ({ built, exports }: RunningCode, exportName: string): Promise<tf.LayersModel> => {
  const exported = exportNamed(built.file, exports, exportName);
  let { value } = exported;
  try {
    if (isMaker(value)) value = await value();
  } catch (error) {
    throw codeFailed(error, built, exported.parameters);
  }
  if (isModel(value)) return value;
  throw new Failed(
    'modelInvalid',
    `${basename(built.file)}#${exportName} gives ${described(value)}, not a layers model.`,
    'Export a tf.sequential or tf.model, or a function that returns one.',
  );
};

/**
 * Runs model code and takes the model it exports. Without an export name, the only candidate. The weights depend on
 * `seed` alone, and layers that the code does not name are named alike in every opening.
 * Throws `modelInvalid` with the user's file and line, or `modelNotFound` for an export that is not there.
 */
export const loadCodeModel = (file: string, exportName: string | null, seed: string): Promise<CodeModel> =>
  inCodeScope(seed, async () => {
    const running = await runCode(file);
    const name = exportName ?? chooseExport(running);
    const model = await modelOf(running, name);
    return { model, exportName: name, locations: running.locations };
  });

/** The exports of a code file that are models or functions callable without arguments; no function is called. */
export const modelExports = (file: string): Promise<string[]> =>
  inCodeScope(file, async () => candidates((await runCode(file)).exports));
