import { availableParallelism } from 'node:os';
import { Failed } from '../../contract/failure';
import { supportedSets, type InstructionSet } from '../instructionSets';
import { findNativeKernels } from '../nativeKernels';
import { mostThreads, mostWords, worthThreads, type KernelName, type KernelRunner } from './kernelRunner';
import type { StartedModule } from './tfjsModule';

/** What `native/heap.cc` exports. */
interface HeapModule {
  names: readonly string[];
  lanes: number;
  tileRows: number;
  start(threads: number): void;
  run(heap: Uint8Array, kernel: number, tasks: number, words: Int32Array, shared: boolean): void;
}

const loadModule = (file: string): HeapModule => {
  const holder = { exports: {} as HeapModule };
  process.dlopen(holder, file);
  return holder.exports;
};

/** The heap's bytes; it stays where it is as it grows, under a new buffer. */
const heapOf = (memory: WebAssembly.Memory): (() => Uint8Array) => {
  let heap = new Uint8Array(memory.buffer);
  return () => (heap.buffer === memory.buffer ? heap : (heap = new Uint8Array(memory.buffer)));
};

export interface NativeKernels {
  set: InstructionSet;
  runner: KernelRunner;
}

/**
 * Starts the kernels that were compiled for the widest vectors of this processor, on the same heap.
 *
 * @throws Failed backendMissing where there are none, Error where they do not load.
 */
export const startNativeKernels = ({ memory }: StartedModule): NativeKernels => {
  const compiled = supportedSets().map((set) => ({ set, file: findNativeKernels(set) }));
  const found = compiled.find(({ file }) => file !== null);
  if (!found?.file)
    throw new Failed(
      'backendMissing',
      'This package has none for this processor.',
      'Run `retort backends --kernels`, which compiles them.',
    );
  const module = loadModule(found.file);
  module.start(Math.min(availableParallelism(), mostThreads));
  const [heap, words] = [heapOf(memory), new Int32Array(mostWords)];
  const kernels = new Map(module.names.map((name, index) => [name as KernelName, index]));
  const runner: KernelRunner = {
    lanes: module.lanes,
    tileRows: module.tileRows,
    run: (name, { tasks, operations }, args) => {
      words.set(args);
      module.run(heap(), kernels.get(name) ?? -1, tasks, words, operations >= worthThreads);
    },
  };
  return { set: found.set, runner };
};
