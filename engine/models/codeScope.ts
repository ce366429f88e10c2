import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import seedrandom from 'seedrandom';

/** What model code prints: standard output belongs to the engine's answer. */
export const codeConsole = new Console(process.stderr, process.stderr);

const streams = new AsyncLocalStorage<() => number>();
const printers = ['log', 'info', 'debug', 'table', 'dir'] as const;
const replaced: { users: number; random: () => number; print: Partial<Console> } = {
  users: 0,
  random: Math.random,
  print: {},
};

const enter = (): void => {
  if (replaced.users++ > 0) return;
  replaced.random = Math.random;
  Math.random = () => (streams.getStore() ?? replaced.random)();
  for (const name of printers) {
    replaced.print[name] = console[name];
    console[name] = codeConsole[name].bind(codeConsole);
  }
};

const leave = (): void => {
  if (--replaced.users > 0) return;
  Math.random = replaced.random;
  Object.assign(console, replaced.print);
};

/**
 * Runs model code, which may await. Within it, and nowhere else, `Math.random` draws from `seed`, so initialisers
 * without a seed of their own are repeatable; meanwhile the console, which tfjs's `summary` uses, goes to standard error.
 */
export const inCodeScope = async <T>(seed: string, work: () => T | Promise<T>): Promise<T> => {
  enter();
  try {
    return await streams.run(seedrandom.alea(seed), async () => work());
  } finally {
    leave();
  }
};
