import { Worker } from 'node:worker_threads';

/** A kernel as WebAssembly exports it; `args` and `scratch` are addresses. */
export type KernelFunction = (args: number, begin: number, end: number, scratch: number) => void;

/** Which word of the control block holds what. */
const words = {
  /** Counts jobs; what idle threads wait for. */
  job: 0,
  /** The first task that no thread has taken; `closed` between jobs. */
  next: 1,
  /** How many tasks are taken at once. */
  chunk: 2,
  tasks: 3,
  /** Which of the functions. */
  kernel: 4,
  /** Threads that may be at work besides the main one. */
  active: 5,
  /** 1 after a kernel has failed in one of them. */
  failed: 6,
  /** Where the threads' own memory lies, one piece after the other; 0 before a kernel wants it. */
  scratch: 7,
};
type Words = typeof words;

export const controlBytes = 64;
/** Of each thread's own memory, as the kernels expect it. */
const scratchBytes = 2 ** 22;
/** Beyond every task, however many threads add to it. */
const closed = 2 ** 30;
/** Chunks that a thread gets of a job on average: few, as each begins anew; more than one, to even out. */
const chunksPerThread = 4;

interface ThreadData {
  memory: WebAssembly.Memory;
  compiled: WebAssembly.Module;
  names: readonly string[];
  words: Words;
  /** Addresses in the memory. */
  control: number;
  args: number;
  stack: number;
  /** The thread's own part of the scratch memory begins there. */
  scratchOffset: number;
}

/** Takes tasks until none is left. Runs in every thread, so it uses nothing but its arguments. */
const takeTasks = (
  control: Int32Array,
  word: Words,
  functions: readonly (KernelFunction | undefined)[],
  { args, scratchOffset }: Pick<ThreadData, 'args' | 'scratchOffset'>,
): void => {
  for (;;) {
    const chunk = Atomics.load(control, word.chunk);
    const first = Atomics.add(control, word.next, chunk);
    // Read after the claim: they belong to the job that it was made on.
    const tasks = Atomics.load(control, word.tasks);
    if (first >= tasks) return;
    const scratch = Atomics.load(control, word.scratch) + scratchOffset;
    functions[Atomics.load(control, word.kernel)]?.(args, first, Math.min(tasks, first + chunk), scratch);
  }
};

/** The program of a thread, given to it as text: like `takeTasks` it uses nothing but its arguments. */
const threadProgram = (data: ThreadData, take: typeof takeTasks): void => {
  const { memory, compiled, names, words: word } = data;
  const control = new Int32Array(memory.buffer, data.control, 16);
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
  (exports.__stack_pointer as WebAssembly.Global).value = data.stack;
  const functions = names.map((name) => exports[name] as KernelFunction);
  for (let seen = 0; ;) {
    Atomics.wait(control, word.job, seen);
    // Before the work: a job that comes during it is not missed then.
    seen = Atomics.load(control, word.job);
    Atomics.add(control, word.active, 1);
    try {
      take(control, word, functions, data);
    } catch {
      Atomics.store(control, word.failed, 1);
    }
    if (Atomics.sub(control, word.active, 1) === 1) Atomics.notify(control, word.active);
  }
};

const programText = `const { workerData } = require('node:worker_threads');
(${threadProgram.toString()})(workerData, ${takeTasks.toString()});`;

/**
 * Threads that do the tasks of one job at a time together with the main thread. They wait without using the processor
 * and do not keep the process alive. A thread that is late, or never starts, is not waited for.
 */
export class Threads {
  private readonly control: Int32Array;
  private readonly count: number;

  constructor(
    private readonly shared: Omit<ThreadData, 'stack' | 'words' | 'scratchOffset'>,
    private readonly functions: readonly (KernelFunction | undefined)[],
    stacks: readonly number[],
  ) {
    this.count = stacks.length + 1;
    this.control = new Int32Array(shared.memory.buffer, shared.control, controlBytes / 4).fill(0);
    for (const [index, stack] of stacks.entries()) {
      const own = { stack, scratchOffset: (index + 1) * scratchBytes };
      const worker = new Worker(programText, { eval: true, workerData: { ...shared, ...own, words } });
      // One that cannot start is done without.
      worker.on('error', () => undefined);
      worker.unref();
    }
  }

  /** Gives every thread memory of its own, once; `allocate` gets how many bytes. */
  provideScratch(allocate: (bytes: number) => number): void {
    if (Atomics.load(this.control, words.scratch) !== 0) return;
    Atomics.store(this.control, words.scratch, allocate(this.count * scratchBytes));
  }

  /** Does tasks 0 to `tasks` of a kernel on the calling thread. */
  runHere(kernel: number, tasks: number): void {
    this.functions[kernel]?.(this.shared.args, 0, tasks, Atomics.load(this.control, words.scratch));
  }

  /** Does tasks 0 to `tasks` of a kernel; its arguments are in place. */
  run(kernel: number, tasks: number): void {
    const { control } = this;
    Atomics.store(control, words.kernel, kernel);
    Atomics.store(control, words.tasks, tasks);
    Atomics.store(control, words.chunk, Math.ceil(tasks / (this.count * chunksPerThread)));
    Atomics.store(control, words.next, 0);
    Atomics.add(control, words.job, 1);
    Atomics.notify(control, words.job);
    takeTasks(control, words, this.functions, { args: this.shared.args, scratchOffset: 0 });
    // Closed before threads are counted: one that comes now finds nothing to take.
    Atomics.store(control, words.next, closed);
    for (;;) {
      const active = Atomics.load(control, words.active);
      if (active === 0) break;
      Atomics.wait(control, words.active, active);
    }
    if (Atomics.load(control, words.failed)) throw new Error('a thread of the wasm backend failed');
  }
}
