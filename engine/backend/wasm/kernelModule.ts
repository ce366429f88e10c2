import type { Job, KernelName, KernelRunner } from './kernelRunner';
import type { StartedModule } from './tfjsModule';

/** Values asked for and then some, so that sizes that vary a little do not allocate each time. */
const slack = 1.25;

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

/** The kernels on the heap of tfjs's module, and working memory there. Addresses and sizes are in bytes. */
export class KernelModule {
  private readonly scratches = new Map<string, Scratch>();
  private zeroCount = 0;
  private runner: KernelRunner | null = null;

  constructor(private readonly started: StartedModule) {}

  /** From now on these kernels compute. */
  use(runner: KernelRunner): void {
    this.runner = runner;
  }

  private get used(): KernelRunner {
    if (!this.runner) throw new Error('no kernels were started');
    return this.runner;
  }

  /** Values that the kernels take at once. */
  get lanes(): number {
    return this.used.lanes;
  }

  /** Columns of a matrix that they take together. */
  get panelColumns(): number {
    return 2 * this.used.lanes;
  }

  /** Rows of a matrix that they take together. */
  get tileRows(): number {
    return this.used.tileRows;
  }

  /** Runs a kernel; `args` are the words of its struct in order. */
  run(name: KernelName, job: Job, args: readonly number[]): void {
    this.used.run(name, job, args);
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
