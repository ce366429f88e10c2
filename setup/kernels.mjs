// Compiles engine/backend/wasm/kernels.c to the kernels.wasm beside it. Run after a change: `node setup/kernels.mjs`.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Exit, runLLVM } from '@yowasp/clang';

const source = new URL('../engine/backend/wasm/kernels.c', import.meta.url);

/** No fast-math: what is NaN stays NaN. */
const compile = [
  ...['clang', '--target=wasm32', '-O3', '-std=c11', '-ffreestanding', '-fno-math-errno', '-Wall', '-Werror'],
  ...['-msimd128', '-matomics', '-mbulk-memory', '-mnontrapping-fptoint'],
  ...['-c', '-o', 'kernels.o', 'kernels.c'],
];

/** The memory belongs to tfjs's module: as large as that allows, and shared between threads. */
const link = [
  ...['wasm-ld', '--no-entry', '--import-memory', '--shared-memory', `--max-memory=${2 ** 32}`],
  ...['--export=__stack_pointer', '--strip-all', '-o', 'kernels.wasm', 'kernels.o'],
];

const decoder = new TextDecoder();
/** @param {Uint8Array | null} bytes */
const print = (bytes) => bytes && process.stderr.write(decoder.decode(bytes));
const quiet = { stdout: print, stderr: print, fetchProgress: () => undefined };

/**
 * Runs a program of the compiler on files by name; gives the file that it writes.
 * @param {string[]} command
 * @param {Record<string, string | Uint8Array>} files
 * @param {string} output
 */
const produce = async (command, files, output) => {
  const written = await runLLVM(command, files, quiet);
  const file = written?.[output];
  if (!(file instanceof Uint8Array)) throw new Error(`${command[0]} wrote no ${output}`);
  return file;
};

/**
 * A custom section that tells which source the module was compiled from: its SHA-256. Of fewer than 128 bytes.
 * @param {string} text
 */
const sourceSection = (text) => {
  const payload = [...Buffer.from('source'), ...createHash('sha256').update(text).digest()];
  return [0, payload.length + 1, 'source'.length, ...payload];
};

/** The compiled module's bytes: the same for the same source and compiler. */
export const compileKernels = async () => {
  const text = readFileSync(source, 'utf8');
  const object = await produce(compile, { 'kernels.c': text }, 'kernels.o');
  const linked = await produce(link, { 'kernels.o': object }, 'kernels.wasm');
  return Uint8Array.of(...linked, ...sourceSection(text));
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    writeFileSync(new URL('kernels.wasm', source), await compileKernels());
  } catch (error) {
    // What is wrong with the source was printed by the compiler.
    if (!(error instanceof Exit)) throw error;
    process.exitCode = 1;
  }
}
