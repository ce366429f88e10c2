import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failed } from '../contract/failure';
import { lastLine, runCommand } from './command';

/** TensorFlow's libraries as pip's wheels name them. */
export const libraryNames =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** The parts of TensorFlow's headers that its C API needs, relative to `include`. */
export const headerFolders = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'];

const compilerHint =
  process.platform === 'darwin'
    ? 'Install the command line tools with `xcode-select --install`, then run `retort backends --install`.'
    : 'On Debian and Ubuntu: `apt install g++`. Then run `retort backends --install`.';

/** A C++ compiler: `CXX` if set, else the usual names. */
export const findCompiler = async (signal: AbortSignal | undefined): Promise<string> => {
  for (const compiler of [process.env.CXX, 'c++', 'g++', 'clang++']) {
    if (compiler && (await runCommand(compiler, ['--version'], { signal })).code === 0) return compiler;
  }
  throw new Failed(
    'backendMissing',
    'TensorFlow’s binding needs a C++ compiler and none was found.',
    compilerHint,
  );
};

/** `relative` in this package: beside the built file, or in a folder above the source. */
const packaged = (...candidates: string[]): string => {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    for (const candidate of candidates) {
      if (existsSync(join(folder, candidate))) return join(folder, candidate);
    }
    if (folder === dirname(folder)) break;
  }
  throw new Failed(
    'backendBroken',
    `Retort’s own files are incomplete: ${candidates[0]} is missing.`,
    'Install Retort again.',
  );
};

export interface CompileOptions {
  compiler: string;
  /** Folder with TensorFlow's headers. */
  include: string;
  /** Folder with TensorFlow's libraries now. */
  libraries: string;
  /** Where the binding will look for them when it is loaded; may use the loader's `$ORIGIN`. */
  searchPath: string;
  output: string;
  signal: AbortSignal | undefined;
}

/** Compiles tfjs-node's binding (TensorFlow's C API, Node-API 8) against the given TensorFlow. */
export const compileBinding = async (options: CompileOptions): Promise<void> => {
  const sources = packaged('binding', 'node_modules/@tensorflow/tfjs-node-gpu/binding');
  const nodeApi = packaged('binding/node-api', 'node_modules/node-api-headers/include');
  const { code, found, errors } = await runCommand(
    options.compiler,
    [
      ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8'],
      ...[`-I${sources}`, `-I${nodeApi}`, `-I${options.include}`],
      ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc')],
      ...libraryNames.map((name) => join(options.libraries, name)),
      ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
      `-Wl,-rpath,${options.searchPath}`,
      ...['-o', options.output],
    ],
    { signal: options.signal },
  );
  if (code === 0 && found) return;
  throw new Failed(
    'backendBroken',
    `TensorFlow’s binding did not compile with ${options.compiler}: ${lastLine(errors)}.`,
    'Set CXX to a compiler that knows C++17 (g++ 8, clang 7 or newer), then run `retort backends --install`.',
  );
};
