// Compiles engine/backend/wasm/kernels.c to the kernels.wasm beside it. Run after a change: `node setup/kernels.mjs`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runLLVM } from '@yowasp/clang';

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
const print = (bytes) => bytes && process.stderr.write(decoder.decode(bytes));
const quiet = { stdout: print, stderr: print, fetchProgress: () => undefined };

/** The compiled module's bytes: the same for the same source and compiler. */
export const compileKernels = async () => {
  const objects = await runLLVM(compile, { 'kernels.c': readFileSync(source, 'utf8') }, quiet);
  const linked = await runLLVM(link, { 'kernels.o': objects['kernels.o'] }, quiet);
  return linked['kernels.wasm'];
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // What is wrong with the source was printed by the compiler.
  const compiled = await compileKernels().catch(() => process.exit(1));
  writeFileSync(new URL('kernels.wasm', source), compiled);
}
