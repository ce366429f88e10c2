import type { Answer, EngineCalls, Hello } from '../../engine/contract/calls';
import { Failed } from '../../engine/contract/failure';
import { EngineProcess, type EngineOptions } from './engineProcess';

type Value<K extends keyof EngineCalls> =
  Awaited<ReturnType<EngineCalls[K]>> extends Answer<infer T> ? T : never;

/** What the client asks its surroundings, so that it can be tried without an editor. */
export interface EngineSurroundings {
  options(): Promise<EngineOptions>;
  /** Whether the workspace's code may run. */
  isTrusted(): boolean;
  info(message: string): void;
  warn(message: string): void;
  /** Hears every answer, whoever asked. */
  answered?(method: keyof EngineCalls, args: readonly unknown[], value: unknown): void;
}

const crashBudget = 4;
const crashWindowMs = 3 * 60_000;

/**
 * The engine as the rest of the host sees it: it starts with the first call, is greeted once, starts anew after a crash
 * (at most {@link crashBudget} times in three minutes), and answers with values or throws `Failed`.
 */
export class EngineClient {
  private running: Promise<{ engine: EngineProcess; hello: Hello }> | null = null;
  private current: EngineProcess | null = null;
  private crashes: number[] = [];
  private stops = 0;

  constructor(private readonly surroundings: EngineSurroundings) {}

  /** Null while no engine runs. */
  get pid(): number | null {
    return this.current?.pid ?? null;
  }

  async hello(): Promise<Hello> {
    return (await this.start()).hello;
  }

  async call<K extends keyof EngineCalls>(method: K, ...args: Parameters<EngineCalls[K]>): Promise<Value<K>> {
    const { engine } = await this.start();
    const answer = (await engine.call(method, ...args)) as Answer<Value<K>>;
    if (answer.ok) {
      this.surroundings.answered?.(method, args, answer.value);
      return answer.value;
    }
    throw new Failed(answer.failure.code, answer.failure.message, answer.failure.next);
  }

  /** Ends the process; the next call starts another, whatever crashed before. */
  stop(): void {
    this.stops++;
    this.crashes = [];
    this.running = null;
    this.current?.dispose();
    this.current = null;
  }

  dispose(): void {
    this.stop();
  }

  private start(): Promise<{ engine: EngineProcess; hello: Hello }> {
    if (!this.surroundings.isTrusted())
      return Promise.reject(
        new Failed('stopped', 'The engine does not run in Restricted Mode.', 'Trust this workspace first.'),
      );
    if (this.running) return this.running;
    const running = this.launch();
    this.running = running;
    running.catch(() => {
      if (this.running === running) this.running = null;
    });
    return running;
  }

  private async launch(): Promise<{ engine: EngineProcess; hello: Hello }> {
    const since = Date.now() - crashWindowMs;
    this.crashes = this.crashes.filter((at) => at > since);
    if (this.crashes.length >= crashBudget)
      throw new Failed(
        'backendBroken',
        `The engine crashed ${crashBudget} times within three minutes.`,
        'See the log, then use “Retort: Restart Engine”.',
      );
    const stops = this.stops;
    const options = await this.surroundings.options();
    const started = await EngineProcess.start(options);
    const { engine, hello } = started;
    if (stops !== this.stops) {
      engine.dispose();
      throw new Failed('stopped', 'The engine was restarted meanwhile.', 'Try again.');
    }
    this.surroundings.info(
      `Engine ${hello.version} on Node ${hello.node} (${options.runtime.origin}): ${hello.backend.description}`,
    );
    this.current = engine;
    void engine.end.then((failed) => this.onEnd(engine, failed));
    return started;
  }

  private onEnd(engine: EngineProcess, failed: Failed): void {
    if (this.current !== engine) return;
    this.current = null;
    this.running = null;
    this.crashes.push(Date.now());
    this.surroundings.warn(failed.message);
  }
}
