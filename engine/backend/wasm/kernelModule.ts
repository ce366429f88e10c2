import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { packagedFile } from '../packagedFile';
import type { StartedModule } from './tfjsModule';
import { controlBytes, Threads } from './threads';

/** The kernels of the folder `kernels`. */
const kernelNames = [
  'pack',
  'convolve',
  'filterGradient',
  'depthwiseInputGradient',
  'depthwiseFilterGradient',
  'maxPoolGradient',
  'columnSums',
  'columnMoments',
  'affine',
  'reluGradient',
  'winogradFilter',
  'winograd',
  'winogradTiles',
  'winogradSums',
  'winogradTaps',
] as const;
export type KernelName = (typeof kernelNames)[number];

export type KernelFunction = (args: number, begin: number, end: number, scratch: number) => void;

const stackBytes = 2 ** 16;
const argumentCount = 64;
/** Values asked for and then some, so that sizes that vary a little do not allocate each time. */
const slack = 1.25;

/** Compiled code finds parts of a vector by its address, and relies on this. */
const alignedDown = (address: number): number => address & ~15;

/** A piece of the heap that is kept between calls and grows when more is asked for. */
class Scratch {
  private bytes = 0;
  private address = 0;

  constructor(private readonly module: StartedModule['module']) {}

  atLeast(bytes: number): number {
    if (bytes > this.bytes) {
      if (this.address) this.module._free(this.address);
      // Nothing is held should the allocation fail.
      this.bytes = this.address = 0;
      this.address = this.module._malloc(Math.ceil(bytes * slack));
      this.bytes = Math.ceil(bytes * slack);
    }
    return this.address;
  }
}

/** How much a kernel has to do. */
export interface Job {
  tasks: number;
  /** Multiplications, or values moved, in all. */
  operations: number;
  /** Whether the kernel works in memory of its thread's own. */
  usesScratch?: true;
}

/** Below this, waking threads takes longer than the job. */
const worthThreads = 100_000;
const mostThreads = 16;

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

/** Values that the compiled kernels take at once. */
const lanes = 4;

/** The compiled kernels, instantiated on the heap of tfjs's module. Addresses and sizes are in bytes. */
export class KernelModule {
  private readonly scratches = new Map<string, Scratch>();
  private zeroCount = 0;
  readonly lanes = lanes;
  /** Columns of a matrix that the kernels take together. */
  readonly panelColumns = 2 * lanes;
  /** Rows that they take together. */
  readonly tileRows = 4;

  private constructor(
    private readonly started: StartedModule,
    private readonly argumentsAt: number,
    private readonly threads: Threads,
  ) {}

  static async start(started: StartedModule): Promise<KernelModule> {
    const { memory, module } = started;
    const compiled = await compileKernels();
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    const newStack = () => alignedDown(module._malloc(stackBytes) + stackBytes);
    (exports.__stack_pointer as WebAssembly.Global).value = newStack();
    const functions = kernelNames.map((name) => exports[name] as KernelFunction);
    const args = module._malloc(argumentCount * 4);
    const shared = { memory, compiled, names: kernelNames, control: module._malloc(controlBytes), args };
    const others = Math.min(availableParallelism(), mostThreads) - 1;
    const threads = new Threads(shared, functions, Array.from({ length: others }, newStack));
    return new KernelModule(started, args, threads);
  }

  /** Runs a kernel; `args` are the words of its struct in order. */
  run(name: KernelName, { tasks, operations, usesScratch }: Job, args: readonly number[]): void {
    const kernel = kernelNames.indexOf(name);
    this.ints(this.argumentsAt, argumentCount).set(args);
    if (usesScratch) this.threads.provideScratch((bytes) => this.started.module._malloc(bytes));
    if (operations < worthThreads) this.threads.runHere(kernel, tasks);
    else this.threads.run(kernel, tasks);
  }

  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.started.memory.buffer, address, count);
  }

  ints(address: number, count: number): Int32Array {
    return new Int32Array(this.started.memory.buffer, address, count);
  }

  /** Working memory of that name; what it held is lost when it grows. */
  scratch(name: string, bytes: number): number {
    let scratch = this.scratches.get(name);
    if (!scratch) this.scratches.set(name, (scratch = new Scratch(this.started.module)));
    return scratch.atLeast(bytes);
  }

  /** The address of whole numbers, until the next call with this name. */
  list(name: string, values: readonly number[]): number {
    const address = this.scratch(name, values.length * 4);
    this.ints(address, values.length).set(values);
    return address;
  }

  /** The address of at least `count` zeros. */
  zeros(count: number): number {
    const address = this.scratch('zeros', count * 4);
    if (count > this.zeroCount) {
      this.zeroCount = Math.floor(count * slack);
      this.floats(address, this.zeroCount).fill(0);
    }
    return address;
  }
}
