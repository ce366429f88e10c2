import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { createBirpc, type BirpcReturn } from 'birpc';
import { protocolVersion, type EngineCalls, type Hello } from '../../engine/contract/calls';
import { Failed } from '../../engine/contract/failure';
import type { NodeRuntime } from './nodeRuntime';
import { onLines } from './lines';

export interface EngineOptions {
  /** Absolute path of the engine's bundle. */
  bundle: string;
  runtime: NodeRuntime;
  /** Arguments after `serve`. */
  args: string[];
  /** Gets what the engine prints, a line at a time. */
  print: (line: string) => void;
  helloTimeoutMs: number;
  callTimeoutMs: number;
}

const minutes = (ms: number): string =>
  ms >= 60_000 ? `${Math.round(ms / 60_000)} minutes` : `${ms / 1000} seconds`;

/** A promise's value, or `late` as an error when that takes too long. */
const within = async <T>(timeoutMs: number, promise: PromiseLike<T>, late: () => Failed): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
};

const silent = (timeoutMs: number): Failed =>
  new Failed(
    'backendBroken',
    `The engine did not answer within ${minutes(timeoutMs)}.`,
    'See the log for what it printed, then try again.',
  );

const unanswered = (method: string, timeoutMs: number): Failed =>
  new Failed(
    'internal',
    `The engine did not answer “${method}” within ${minutes(timeoutMs)}.`,
    'Restart the engine with “Retort: Restart Engine”.',
  );

const died = (code: number | null, signal: string | null): Failed =>
  new Failed(
    'internal',
    `The engine ended unexpectedly (${signal ?? `exit code ${code}`}).`,
    'Try again: it starts anew. The log says what it printed last.',
  );

/** One engine process and the typed link to it. It ends with `dispose`, and by itself when the host is gone. */
export class EngineProcess {
  private ended: Failed | null = null;
  private readonly closed: Promise<Failed>;
  private readonly link: BirpcReturn<EngineCalls, Record<string, never>>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly options: EngineOptions,
  ) {
    onLines(child.stdout, options.print);
    onLines(child.stderr, options.print);
    this.closed = new Promise((resolve) => {
      child.once('error', (error) =>
        resolve(
          new Failed('backendMissing', `The engine cannot start: ${error.message}.`, 'Check the setup.'),
        ),
      );
      child.once('close', (code, signal) => resolve(died(code, signal)));
    });
    this.link = createBirpc<EngineCalls, Record<string, never>>(
      {},
      {
        post: (message) => void child.send(message as Serializable, () => undefined),
        on: (receive) => void child.on('message', receive),
        timeout: -1,
      },
    );
    void this.closed.then((failed) => {
      this.ended = failed;
      this.link.$close(failed);
    });
  }

  /** Starts the engine and greets it. Throws `Failed` if it does not answer in time or speaks another protocol. */
  static async start(options: EngineOptions): Promise<{ engine: EngineProcess; hello: Hello }> {
    const child = fork(options.bundle, ['serve', ...options.args], {
      execPath: options.runtime.path,
      execArgv: [],
      env: options.runtime.env,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const engine = new EngineProcess(child, options);
    try {
      return { engine, hello: await engine.greet(options.helloTimeoutMs) };
    } catch (error) {
      engine.dispose();
      throw error;
    }
  }

  /** Settles when the process is gone, with the reason. */
  get end(): Promise<Failed> {
    return this.closed;
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Throws `Failed`: the engine's own failure, or that it is gone. */
  async call<K extends keyof EngineCalls>(
    method: K,
    ...args: Parameters<EngineCalls[K]>
  ): Promise<Awaited<ReturnType<EngineCalls[K]>>> {
    if (this.ended) throw this.ended;
    try {
      const limit = this.options.callTimeoutMs;
      const answer: Promise<unknown> = this.link.$call(method, ...args);
      const value = await (method === 'hello'
        ? answer
        : within(limit, answer, () => unanswered(method, limit)));
      return value as Awaited<ReturnType<EngineCalls[K]>>;
    } catch (error) {
      if (error instanceof Failed) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new Failed('internal', `The engine could not answer “${method}”: ${message}.`, 'See the log.', {
        cause: error,
      });
    }
  }

  dispose(): void {
    if (this.child.connected) this.child.disconnect();
    this.child.kill();
  }

  private async greet(timeoutMs: number): Promise<Hello> {
    const answer = await within(timeoutMs, this.call('hello'), () => silent(timeoutMs));
    if (!answer.ok) throw new Failed(answer.failure.code, answer.failure.message, answer.failure.next);
    if (answer.value.protocol !== protocolVersion)
      throw new Failed(
        'backendBroken',
        `The engine speaks protocol ${answer.value.protocol}, the extension ${protocolVersion}.`,
        'Reload the window, so that both are of one version.',
      );
    return answer.value;
  }
}
