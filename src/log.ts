import * as vscode from 'vscode';

/** The one output channel. */
export type Log = vscode.LogOutputChannel;

export const createLog = (): Log => vscode.window.createOutputChannel('Retort', { log: true });

/** What went wrong, for the log: with its stack if it has one. */
export const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
