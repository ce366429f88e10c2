import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const engineFile = fileURLToPath(new URL('../../dist/retort.cjs', import.meta.url));

export interface CommandResult {
  code: number | null;
  output: string;
  errors: string;
}

export interface RunningCommand {
  process: ChildProcess;
  ended: Promise<CommandResult>;
}

interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Starts the built command line. */
export const startCommand = (args: readonly string[], options: CommandOptions = {}): RunningCommand => {
  const child = spawn(process.execPath, [engineFile, ...args], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<CommandResult>((resolve) => {
    child.once('close', (code) => resolve({ code, output, errors }));
  });
  return { process: child, ended };
};

export const runCommand = (args: readonly string[], options?: CommandOptions): Promise<CommandResult> =>
  startCommand(args, options).ended;
