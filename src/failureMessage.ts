import * as vscode from 'vscode';
import { Failed, type Failure } from '../engine/contract/failure';
import { commands } from './contributions';
import { describeError, type Log } from './log';

export const toFailure = (error: unknown): Failure =>
  error instanceof Failed
    ? error.toJSON()
    : {
        code: 'internal',
        message: error instanceof Error ? error.message : String(error),
        next: 'See the log for details.',
      };

const actions: Partial<Record<Failure['code'], [title: string, command: string]>> = {
  backendMissing: ['Check Setup', commands.checkSetup],
  backendBroken: ['Check Setup', commands.checkSetup],
};

/** One message: what happened, what to do next, and a button that helps. */
export const showFailure = async (error: unknown, log: Log): Promise<void> => {
  const failure = toFailure(error);
  log.error(error instanceof Failed ? `${failure.code}: ${failure.message}` : describeError(error));
  const [title, command] = actions[failure.code] ?? ['Show Log', commands.showLog];
  const chosen = await vscode.window.showErrorMessage(`${failure.message} ${failure.next}`.trim(), title);
  if (chosen === title) await vscode.commands.executeCommand(command);
};

/** Runs an action of the user's; what fails is shown, not thrown. A cancelled action (undefined) stays silent. */
export const guarded =
  <A extends unknown[]>(log: Log, act: (...args: A) => Promise<void> | void) =>
  async (...args: A): Promise<void> => {
    try {
      await act(...args);
    } catch (error) {
      void showFailure(error, log);
    }
  };
