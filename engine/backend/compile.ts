import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { lastLine, runCommand } from './command';
import { packagedFile } from './packagedFile';
import { bindingFile, quietFile } from './runtime';

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

interface Compilation {
  compiler: string;
  signal: AbortSignal | undefined;
}

const compileModule = async ({ compiler, signal }: Compilation, args: readonly string[]): Promise<void> => {
  const nodeApi = packagedFile('binding/node-api', 'node_modules/node-api-headers/include');
  const shared = ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', `-I${nodeApi}`];
  if (process.platform === 'darwin') shared.push('-undefined', 'dynamic_lookup');
  const { code, errors } = await runCommand(compiler, [...shared, ...args], { signal });
  if (code === 0) return;
  throw new Failed(
    'backendBroken',
    `TensorFlow’s binding did not compile with ${compiler}: ${lastLine(errors)}.`,
    'Set CXX to a compiler that knows C++17 (g++ 8, clang 7 or newer), then run `retort backends --install`.',
  );
};

export interface BindingPlaces {
  /** Folder with TensorFlow's headers. */
  include: string;
  /** Folder with TensorFlow's libraries now. */
  libraries: string;
  /** Where the binding will look for them when it is loaded; may use the loader's `$ORIGIN`. */
  searchPath: string;
  /** Folder that gets the compiled modules. */
  output: string;
}

/**
 * Compiles tfjs-node's binding (TensorFlow's C API, Node-API 8) against the given TensorFlow, and the module that
 * silences TensorFlow's start.
 */
export const compileBinding = async (compilation: Compilation, places: BindingPlaces): Promise<void> => {
  const sources = packagedFile('binding', 'node_modules/@tensorflow/tfjs-node-gpu/binding');
  await compileModule(compilation, [
    ...[`-I${sources}`, `-I${places.include}`],
    ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc')],
    ...libraryNames.map((name) => join(places.libraries, name)),
    `-Wl,-rpath,${places.searchPath}`,
    ...['-o', join(places.output, bindingFile)],
  ]);
  const quiet = packagedFile('binding/quiet.cc', 'engine/backend/native/quiet.cc');
  await compileModule(compilation, [quiet, '-o', join(places.output, quietFile)]);
};
