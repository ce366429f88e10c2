import { lastLine, runCommand } from './command';
import type { Loadable } from './runtime';

/** What a runtime said of itself when it was tried. */
export interface SelfTest {
  tensorflow: string;
  gpu: boolean;
}

/** Runs in a process of its own, so that a library that crashes takes nothing with it. */
const script = `
const load = (file) => {
  const holder = { exports: {} };
  process.dlopen(holder, file);
  return holder.exports;
};
const runtime = JSON.parse(process.argv[1]);
for (const library of runtime.libraries) load(runtime.quiet).openLibrary(library);
const binding = load(runtime.binding);
const attribute = (name, type, value) => ({ name, type, value });
const tensor = (shape, values) => binding.createTensor(shape, binding.TF_FLOAT, new Float32Array(values));
const [product] = binding.executeOp('MatMul', [
  attribute('transpose_a', binding.TF_ATTR_BOOL, false),
  attribute('transpose_b', binding.TF_ATTR_BOOL, false),
  attribute('T', binding.TF_ATTR_TYPE, binding.TF_FLOAT),
], [tensor([2, 3], [1, 2, 3, 4, 5, 6]), tensor([3, 2], [7, 8, 9, 10, 11, 12])], 1);
const values = [...binding.tensorDataSync(product.id)];
if (values.join() !== '58,64,139,154') throw new Error('a matrix product came out as ' + values.join());
if (runtime.operations) {
  load(runtime.operations).register(2);
  const integers = { top: 1, left: 1, height: 4, width: 4 };
  const [maps] = binding.executeOp(
    'WinogradConv2D',
    Object.entries(integers).map(([name, value]) => attribute(name, binding.TF_ATTR_INT, value)),
    [tensor([1, 4, 4, 16], Array(256).fill(1)), tensor([3, 3, 16, 1], Array(144).fill(1)), tensor([1], [5]), tensor([0], [])],
    1,
  );
  const sums = [...binding.tensorDataSync(maps.id)].map(Math.round).join();
  const wanted = '69,101,101,69,101,149,149,101,101,149,149,101,69,101,101,69';
  if (sums !== wanted) throw new Error('a convolution came out as ' + sums);
}
process.stdout.write(JSON.stringify({ tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice() }));
`;

/**
 * Loads a binding in a child process and multiplies known matrices; with a module of Winograd's operations convolves as
 * well. Throws an `Error` with the reason.
 */
export const selfTest = async (
  runtime: Loadable,
  signal?: AbortSignal,
  operations?: string,
): Promise<SelfTest> => {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const { binding, quiet, libraries } = runtime;
  const args = ['-e', script, JSON.stringify({ binding, quiet, libraries, operations })];
  const result = await runCommand(process.execPath, args, { signal, env, timeoutMs: 120_000 });
  if (result.code !== 0) {
    throw new Error(result.code === null ? 'it crashed or did not answer' : lastLine(result.errors));
  }
  return JSON.parse(result.output) as SelfTest;
};
