import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { performance } from 'node:perf_hooks';

/** A worker that has done its task once. */
export interface Worker {
  /** Milliseconds from its start to the end of the first run. */
  started: number;
  operations: number;
  /** Runs the task that often; milliseconds each. */
  time(repeats: number): Promise<{ times: number[]; peakBytes: number }>;
  stop(): void;
}

/** What a process that failed said last. */
const lastWords = (errors: string, code: number | null): string =>
  errors.trim().split('\n').at(-1)?.slice(0, 160) || `it ended with ${code ?? 'a signal'}`;

/** Lines of a child's standard output, one for each call; fails when the child ends instead. */
const answersOf = (child: ChildProcess) => {
  let errors = '';
  child.stderr?.on('data', (data) => (errors = `${errors}${data}`.slice(-4000)));
  const over = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(lastWords(errors, code))));
  });
  over.catch(() => undefined);
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async <T>(): Promise<T> => {
    const line = await Promise.race([lines.next(), over]);
    return line.done ? over : (JSON.parse(line.value) as T);
  };
};

/** Starts a worker and waits for its first run. Throws an `Error` with its last words where it fails. */
export const startWorker = async (program: string, args: readonly string[]): Promise<Worker> => {
  const begin = performance.now();
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const next = answersOf(child);
  const stop = () => void child.kill();
  process.once('exit', stop);
  try {
    const { operations } = await next<{ operations: number }>();
    return {
      started: performance.now() - begin,
      operations,
      time: (repeats) => {
        child.stdin?.write(`${repeats}\n`);
        return next();
      },
      stop: () => {
        process.off('exit', stop);
        child.stdin?.end();
        stop();
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
};
