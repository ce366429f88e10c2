// Compiles engine/backend/kernels/*.c to the modules of engine/backend/wasm. Run after a change: `node setup/kernels.mjs`.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Exit, runLLVM } from '@yowasp/clang';

const folder = new URL('../engine/backend/kernels/', import.meta.url);
const modules = new URL('../engine/backend/wasm/', import.meta.url);

/** The sources by name, in a fixed order. */
const readSources = () =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
  );

/** No fast-math: what is NaN stays NaN. */
const compile = [
  ...['clang', '--target=wasm32', '-O3', '-std=c11', '-ffreestanding', '-fno-math-errno', '-Wall', '-Werror'],
  ...['-msimd128', '-matomics', '-mbulk-memory', '-mnontrapping-fptoint'],
  '-c',
];

/**
 * The modules by name, and what each is compiled with besides. Relaxed SIMD multiplies and adds as one operation, which
 * takes four fifths of the time, where the processor and Node have it.
 */
const variants = { 'kernels.wasm': [], 'kernelsFused.wasm': ['-mrelaxed-simd'] };

/** The memory belongs to tfjs's module: as large as that allows, and shared between threads. */
const link = [
  ...['wasm-ld', '--no-entry', '--import-memory', '--shared-memory', `--max-memory=${2 ** 32}`],
  ...['--export=__stack_pointer', '--strip-all', '-o', 'linked.wasm'],
];

const decoder = new TextDecoder();
/** @param {Uint8Array | null} bytes */
const print = (bytes) => bytes && process.stderr.write(decoder.decode(bytes));
const quiet = { stdout: print, stderr: print, fetchProgress: () => undefined };

/**
 * A custom section that tells which source the module was compiled from: its SHA-256. Of fewer than 128 bytes.
 * @param {string} text
 */
const sourceSection = (text) => {
  const payload = [...Buffer.from('source'), ...createHash('sha256').update(text).digest()];
  return [0, payload.length + 1, 'source'.length, ...payload];
};

/** @param {readonly string[]} options @param {Record<string, string>} sources */
const compileModule = async (options, sources) => {
  /** @type {import('@yowasp/clang').Tree} */
  const objects = {};
  for (const name of Object.keys(sources).filter((one) => one.endsWith('.c'))) {
    const object = `${name}.o`;
    const made = await runLLVM([...compile, ...options, '-o', object, name], sources, quiet);
    objects[object] = made?.[object] ?? '';
  }
  const linked = await runLLVM([...link, ...Object.keys(objects)], objects, quiet);
  const module = linked?.['linked.wasm'];
  if (!(module instanceof Uint8Array)) throw new Error('the linker wrote no module');
  return Uint8Array.of(...module, ...sourceSection(Object.values(sources).join('')));
};

/** The bytes of the modules by name: the same for the same sources and compiler. */
export const compileKernels = async () => {
  const sources = readSources();
  /** @type {Record<string, Uint8Array>} */
  const compiled = {};
  for (const [name, options] of Object.entries(variants))
    compiled[name] = await compileModule(options, sources);
  return compiled;
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const [name, bytes] of Object.entries(await compileKernels()))
      writeFileSync(new URL(name, modules), bytes);
  } catch (error) {
    // What is wrong with the source was printed by the compiler.
    if (!(error instanceof Exit)) throw error;
    process.exitCode = 1;
  }
}
