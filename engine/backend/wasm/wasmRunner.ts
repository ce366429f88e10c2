import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { packagedFile } from '../packagedFile';
import { kernelNames, mostThreads, mostWords, worthThreads, type KernelRunner } from './kernelRunner';
import type { StartedModule } from './tfjsModule';
import { controlBytes, Threads, type KernelFunction } from './threads';

const stackBytes = 2 ** 16;

/** Compiled code finds parts of a vector by its address, and relies on this. */
const alignedDown = (address: number): number => address & ~15;

const kernelFile = (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(packagedFile(`wasm/${name}`, `engine/backend/wasm/${name}`));

/** Node before 21 has relaxed SIMD behind a flag, which may be set at any time before a module is compiled. */
const relaxedSimd = '--experimental-wasm-relaxed-simd';

/** The kernels that multiply and add as one operation where this Node has it, else the plain ones. */
const compileKernels = async (): Promise<WebAssembly.Module> => {
  const fused = await kernelFile('kernelsFused.wasm');
  if (!WebAssembly.validate(fused) && process.versions.node.startsWith('20.'))
    setFlagsFromString(relaxedSimd);
  return WebAssembly.compile(WebAssembly.validate(fused) ? fused : await kernelFile('kernels.wasm'));
};

/** Starts the kernels as WebAssembly that shares the heap of tfjs's module, on threads of their own. */
export const startWasmKernels = async ({ memory, module }: StartedModule): Promise<KernelRunner> => {
  const compiled = await compileKernels();
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  const newStack = () => alignedDown(module._malloc(stackBytes) + stackBytes);
  (exports.__stack_pointer as WebAssembly.Global).value = newStack();
  const functions = kernelNames.map((name) => exports[name] as KernelFunction);
  const args = module._malloc(mostWords * 4);
  const shared = { memory, compiled, names: kernelNames, control: module._malloc(controlBytes), args };
  const others = Math.min(availableParallelism(), mostThreads) - 1;
  const threads = new Threads(shared, functions, Array.from({ length: others }, newStack));
  return {
    lanes: 4,
    tileRows: 4,
    run: (name, { tasks, operations, usesScratch }, words) => {
      const kernel = kernelNames.indexOf(name);
      new Int32Array(memory.buffer, args, mostWords).set(words);
      if (usesScratch) threads.provideScratch((bytes) => module._malloc(bytes));
      if (operations < worthThreads) threads.runHere(kernel, tasks);
      else threads.run(kernel, tasks);
    },
  };
};
