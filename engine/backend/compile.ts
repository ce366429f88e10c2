import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failed } from '../contract/failure';
import { lastLine, runCommand } from './command';
import { nativeSource } from './kernelSources';
import { packagedFile } from './packagedFile';
import { bindingFile, libraryNames, quietFile } from './runtime';

/** The parts of TensorFlow's headers that its C API needs, relative to `include`. */
export const headerFolders = [
  'tensorflow/c/',
  'tensorflow/core/platform/',
  'tensorflow/core/common_runtime/next_pluggable_device/c/',
  'tsl/platform/',
  'xla/tsl/c/',
];

const compilerHint =
  process.platform === 'darwin'
    ? 'Install the command line tools with `xcode-select --install`, then run `retort backends --install`.'
    : 'On Debian and Ubuntu: `apt install g++`. Then run `retort backends --install`.';

export const noCompiler = (): Failed =>
  new Failed('backendMissing', 'TensorFlow’s binding needs a C++ compiler and none was found.', compilerHint);

/** A C++ compiler: `CXX` if set, else the usual names; null where there is none. */
export const findCompiler = async (signal: AbortSignal | undefined): Promise<string | null> => {
  for (const compiler of [process.env.CXX, 'c++', 'g++', 'clang++']) {
    if (compiler && (await runCommand(compiler, ['--version'], { signal })).code === 0) return compiler;
  }
  return null;
};

export interface Compilation {
  compiler: string;
  signal: AbortSignal | undefined;
}

/** @throws Failed backendBroken, with the compiler's last word on `title`. */
export const compileModule = async (
  { compiler, signal }: Compilation,
  args: readonly string[],
  title = 'TensorFlow’s binding',
): Promise<void> => {
  const nodeApi = packagedFile('binding/node-api', 'node_modules/node-api-headers/include');
  const shared = ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', `-I${nodeApi}`];
  if (process.platform === 'darwin') shared.push('-undefined', 'dynamic_lookup');
  const { code, errors } = await runCommand(compiler, [...shared, ...args], { signal });
  if (code === 0) return;
  throw new Failed(
    'backendBroken',
    `${title} did not compile with ${compiler}: ${lastLine(errors)}.`,
    'Set CXX to a compiler that knows C++17 (g++ 8, clang 7 or newer), then try again.',
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
  await compileModule(compilation, [
    ...sourceFlags(places.include),
    ...linkFlags(places),
    ...['-o', join(places.output, bindingFile)],
  ]);
  await compileModule(compilation, [quietSource(), '-o', join(places.output, quietFile)]);
};

/** Links against TensorFlow's libraries and says where they will be. */
export const linkFlags = ({
  libraries,
  searchPath,
}: Pick<BindingPlaces, 'libraries' | 'searchPath'>): string[] => [
  ...libraryNames.map((name) => join(libraries, name)),
  `-Wl,-rpath,${searchPath}`,
];

const sourceFlags = (include: string): string[] => {
  const sources = packagedFile('binding', 'node_modules/@tensorflow/tfjs-node-gpu/binding');
  return [`-I${sources}`, `-I${include}`, join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc')];
};

const quietSource = (): string => nativeSource('quiet.cc');

/** Small, and no choosier than Node about the machine's C and C++ libraries, which stay outside. */
export const portable = (): string[] => [...['-include', nativeSource('portable.h')], '-s'];

/**
 * Gives `use` what links a module so that it loads beside any TensorFlow 2 of this platform: empty libraries of
 * TensorFlow's names, so that no symbol asks for a version and no folder is written into it (Linux only).
 */
export const withEmptyLibraries = async (
  compilation: Compilation,
  scratch: string,
  use: (link: readonly string[]) => Promise<void>,
): Promise<void> => {
  const empty = join(scratch, 'empty');
  await mkdir(empty, { recursive: true });
  try {
    const libraries = libraryNames.map((name) => join(empty, name));
    for (const [index, library] of libraries.entries())
      await compileModule(compilation, [
        ...['-x', 'c++', '/dev/null'],
        ...[`-Wl,-soname,${libraryNames[index]}`, '-o', library],
      ]);
    await use([...portable(), '-Wl,--no-as-needed', ...libraries]);
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
};

/** Compiles both modules of the binding; `link` as {@link withEmptyLibraries} gives it. */
export const compilePortableBinding = async (
  compilation: Compilation,
  { include, output, link }: Pick<BindingPlaces, 'include' | 'output'> & { link: readonly string[] },
): Promise<void> => {
  await compileModule(compilation, [...sourceFlags(include), ...link, ...['-o', join(output, bindingFile)]]);
  await compileModule(compilation, [...portable(), quietSource(), '-o', join(output, quietFile)]);
};
