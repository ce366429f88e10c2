import { spawn } from 'node:child_process';
import * as vscode from 'vscode';
import { Failed, type Failure } from '../../engine/contract/failure';
import type { Services } from '../services';
import { onLines } from './lines';

const ask = async (): Promise<boolean> => {
  const install = 'Set Up';
  const detail =
    'Retort takes TensorFlow from your Python where it is installed, else pip downloads it (about 300 MB, 1 GB on disk, in Retort’s own cache folder). A small binding is compiled with your C++ compiler.';
  const options = { modal: true, detail };
  return (
    (await vscode.window.showInformationMessage('Set up TensorFlow for Retort?', options, install)) ===
    install
  );
};

interface Answer {
  failure?: Failure;
}

const failureIn = (output: string): Failure => {
  try {
    const { failure } = JSON.parse(output) as Answer;
    if (failure) return failure;
  } catch {
    // What it printed is in the log.
  }
  return { code: 'internal', message: 'TensorFlow could not be set up.', next: 'See the log for details.' };
};

/** Runs `retort backends --install`, which tells its steps on standard error; cancelling interrupts it. */
const install = async (
  { bundle, findRuntime, log }: Services,
  progress: vscode.Progress<{ message: string }>,
  token: vscode.CancellationToken,
): Promise<void> => {
  const runtime = await findRuntime();
  const child = spawn(runtime.path, [bundle, 'backends', '--install', '--json'], {
    env: runtime.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  });
  const cancelled = token.onCancellationRequested(() => child.kill('SIGINT'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  onLines(child.stderr, (line) => {
    log.info(line);
    progress.report({ message: line });
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  }).finally(() => cancelled.dispose());
  if (code === 0 || token.isCancellationRequested) return;
  const { code: failed, message, next } = failureIn(output);
  throw new Failed(failed, message, next);
};

/** Asks, installs with progress, and lets the engine start anew with what was installed. */
export const installTensorflow = async (services: Services): Promise<boolean> => {
  if (!(await ask())) return false;
  const location = vscode.ProgressLocation.Notification;
  const shown = { location, title: 'Retort: setting up TensorFlow', cancellable: true };
  await vscode.window.withProgress(shown, (progress, token) => install(services, progress, token));
  services.engine.stop();
  return true;
};
