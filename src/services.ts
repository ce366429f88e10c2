import type * as vscode from 'vscode';
import type { EngineClient } from './engine/engineClient';
import type { NodeRuntime } from './engine/nodeRuntime';
import type { Log } from './log';
import type { RunStore } from './runs/runStore';
import type { RunWatcher } from './runs/runWatcher';

/** The parts that others build on; made once, when the extension is activated. */
export interface Services {
  /** Where the extension is installed. */
  extensionUri: vscode.Uri;
  /** What is remembered for this workspace. */
  memory: vscode.Memento;
  log: Log;
  /** Absolute path of the engine's bundle. */
  bundle: string;
  /** Finds the Node that runs the engine and the runs. */
  findRuntime(): Promise<NodeRuntime>;
  engine: EngineClient;
  store: RunStore;
  watcher: RunWatcher;
}
