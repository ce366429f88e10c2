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
process.stdout.write(JSON.stringify({ tensorflow: binding.TF_Version, gpu: binding.isUsingGpuDevice() }));
`;

/** Loads a binding in a child process and multiplies known matrices. Throws an `Error` with the reason. */
export const selfTest = async (runtime: Loadable, signal?: AbortSignal): Promise<SelfTest> => {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
  const { binding, quiet, libraries } = runtime;
  const args = ['-e', script, JSON.stringify({ binding, quiet, libraries })];
  const result = await runCommand(process.execPath, args, { signal, env, timeoutMs: 120_000 });
  if (result.code !== 0) {
    throw new Error(result.code === null ? 'it crashed or did not answer' : lastLine(result.errors));
  }
  return JSON.parse(result.output) as SelfTest;
};
