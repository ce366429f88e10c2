import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import moduleFactory from '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js';
import { readFile } from 'node:fs/promises';
import { Failed } from '../../contract/failure';
import { packagedFile } from '../packagedFile';

/** tfjs's module with the part of emscripten's interface that is used here. */
type TfjsModule = BackendWasm['wasm'] & {
  cwrap<Result>(name: string, result: string | null, args: string[]): (...args: number[]) => Result;
  _malloc(bytes: number): number;
  _free(address: number): void;
};

export interface StartedModule {
  module: TfjsModule;
  /** The heap that tensors lie on; shared, so that threads can compute on it. */
  memory: WebAssembly.Memory;
}

type Receive = (message: { cmd: 'loaded' }) => void;

/** Stands in for the threads that tfjs's module makes at its start, waits for and, told to use one, never runs. */
class UnusedThread {
  private receive: Receive | undefined;

  on(event: string, listener: Receive): void {
    if (event === 'message') this.receive = listener;
  }

  postMessage(): void {
    this.receive?.({ cmd: 'loaded' });
  }

  unref(): void {
    // There is no thread that could keep the process alive.
  }
}

const watched = ['uncaughtException', 'unhandledRejection'] as const;

/** Lets tfjs's module start without changing the process: it takes over `Worker` and how failures end the process. */
const contained = async <T>(start: () => Promise<T>): Promise<T> => {
  const worker = Object.getOwnPropertyDescriptor(globalThis, 'Worker');
  const listeners = watched.map((name) => new Set(process.rawListeners(name)));
  const standIn = { configurable: true, get: () => UnusedThread, set: () => undefined };
  Object.defineProperty(globalThis, 'Worker', standIn);
  try {
    return await start();
  } finally {
    if (worker) Object.defineProperty(globalThis, 'Worker', worker);
    else Reflect.deleteProperty(globalThis, 'Worker');
    watched.forEach((name, index) => {
      for (const listener of process.rawListeners(name))
        if (!listeners[index]?.has(listener)) process.off(name, listener as () => void);
    });
  }
};

/** The functions that tfjs's own start gives its module. */
const tfjsFunctions = (module: TfjsModule): TfjsModule['tfjs'] => ({
  init: module.cwrap('init', null, []),
  initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
  getThreadsCount: module.cwrap<number>('get_threads_count', 'number', []),
  registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
  disposeData: module.cwrap('dispose_data', null, ['number']),
  dispose: module.cwrap('dispose', null, []),
});

const mostBytes = 2 ** 32;

/** What tfjs does not check: a tensor that finds no room would lie on others. */
const checkAllocations = (module: TfjsModule): void => {
  // At its first call the function replaces itself in the module.
  module._free(module._malloc(1));
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = bytes < mostBytes ? allocate(bytes) >>> 0 : 0;
    if (address > 0 || bytes === 0) return address;
    throw new Failed(
      'outOfMemory',
      'WebAssembly’s memory is full: it has no more than 4 GB.',
      'Use a smaller batch, or TensorFlow, which `retort backends --install` installs.',
    );
  };
};

const pages = (bytes: number): number => bytes / 65_536;

/**
 * Starts tfjs's wasm module from its file beside the program, on memory that threads can share. tfjs itself starts it so
 * in browsers only, and fetches it there.
 */
export const startTfjsModule = async (): Promise<StartedModule> => {
  const name = 'tfjs-backend-wasm-threaded-simd.wasm';
  const file = packagedFile(`wasm/${name}`, `node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/${name}`);
  const compiled = await WebAssembly.compile(await readFile(file));
  const memory = new WebAssembly.Memory({ initial: pages(2 ** 24), maximum: pages(mostBytes), shared: true });
  const settings = {
    wasmMemory: memory,
    instantiateWasm: (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ) => {
      done(new WebAssembly.Instance(compiled, imports), compiled);
      return {};
    },
  };
  const module = await contained(() => moduleFactory(settings) as Promise<TfjsModule>);
  module.tfjs = tfjsFunctions(module);
  checkAllocations(module);
  return { module, memory };
};
