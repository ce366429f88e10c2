// Child processes that never outlive set-up: each leads its own process group, and every group is ended on exit.
import { spawn } from 'node:child_process';
import { heldLock, lockVariable } from './lock.mjs';

/** @type {Set<import('node:child_process').ChildProcess>} */
const groups = new Set();
let watching = false;

/** A command that ended with an error; `output` holds what it printed. */
export class CommandFailed extends Error {
  /**
   * @param {string} command
   * @param {number | string | null} code exit code, or the signal that ended it
   * @param {string} output
   */
  constructor(command, code, output) {
    super(`\`${command}\` ended with ${code ?? 'an error'}.`);
    this.name = 'CommandFailed';
    this.output = output;
  }
}

/**
 * Sends a signal to a child's whole group; a group that is gone is no error.
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export const signalGroup = (child, signal) => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
};

const watchExit = () => {
  if (watching) return;
  watching = true;
  for (const [signal, code] of /** @type {const} */ ([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ]))
    process.on(signal, () => process.exit(code));
  process.on('exit', () => {
    for (const child of groups) signalGroup(child, 'SIGTERM');
  });
};

/**
 * Ends this process when the one that started it is gone: a killed `npm` does not pass every signal on.
 */
export const endWithParent = () => {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(143);
  }, 1000).unref();
};

/**
 * Starts a command as the leader of a process group that is ended when this process exits.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
export const startGroup = (command, args, options) => {
  watchExit();
  const child = spawn(command, args, { ...options, detached: true });
  groups.add(child);
  child.once('exit', () => groups.delete(child));
  child.once('error', () => groups.delete(child));
  return child;
};

/**
 * Ends a group: asks, waits up to `patience` milliseconds for its leader, then kills what is left.
 * @param {import('node:child_process').ChildProcess} child
 * @param {number} [patience]
 */
export const stopGroup = async (child, patience = 4000) => {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    signalGroup(child, 'SIGTERM');
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    await Promise.race([ended, new Promise((resolve) => (timer = setTimeout(resolve, patience)))]);
    clearTimeout(timer);
  }
  signalGroup(child, 'SIGKILL');
  groups.delete(child);
};

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: 'nothing' | 'errors' | 'all' }} [options]
 *   `show`: what it prints to the terminal itself; `errors` is standard error, where programs tell progress
 * @returns {Promise<string>} its standard output, where that is not shown
 * @throws {CommandFailed}
 */
export const runCommand = (command, args, { cwd, env, show = 'nothing' } = {}) =>
  new Promise((resolve, reject) => {
    const lock = heldLock();
    const child = startGroup(command, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env, ...(lock === undefined ? {} : { [lockVariable]: lock }) },
      stdio: ['ignore', show === 'all' ? 'inherit' : 'pipe', show === 'nothing' ? 'pipe' : 'inherit'],
    });
    let answer = '';
    let output = '';
    child.stdout?.on('data', (data) => (answer += data));
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
    const line = [command, ...args].join(' ');
    child.once('error', (error) => reject(new CommandFailed(line, error.message, output)));
    child.once('close', (code, signal) =>
      code === 0 ? resolve(answer) : reject(new CommandFailed(line, code ?? signal, output)),
    );
  });
