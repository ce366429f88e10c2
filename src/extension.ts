import * as vscode from 'vscode';
import { settingNames } from './contributions';
import { EngineClient } from './engine/engineClient';
import { findNode } from './engine/nodeRuntime';
import { createLog } from './log';
import { LayerHintsProvider } from './models/layerHintsProvider';
import { registerEngine, registerRecipes, registerRuns } from './register';
import { findRunRoots } from './runs/runRoots';
import { RunStore } from './runs/runStore';
import { RunWatcher } from './runs/runWatcher';
import { registerShowRequests } from './runs/showRequest';
import type { Services } from './services';
import { affects, settings } from './settings';

const helloTimeoutMs = 60_000;
const callTimeoutMs = 5 * 60_000;

/** Builds the parts and registers them. Starts no process and reads no run: both wait until they are asked for. */
export const activate = (context: vscode.ExtensionContext): void => {
  const log = createLog();
  const bundle = vscode.Uri.joinPath(context.extensionUri, 'dist', 'retort.cjs').fsPath;
  const findRuntime: Services['findRuntime'] = () => findNode(settings.nodePath());
  const engine = new EngineClient({
    options: async () => {
      const runtime = await findRuntime();
      return { bundle, runtime, args: [], print: (line) => log.info(line), helloTimeoutMs, callTimeoutMs };
    },
    isTrusted: () => vscode.workspace.isTrusted,
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
    answered: (...answer) => hints.told(...answer),
  });
  const hints = new LayerHintsProvider(engine, log);
  const store = new RunStore(findRunRoots);
  const watcher = new RunWatcher(store, log);
  const { extensionUri, workspaceState: memory } = context;
  const services: Services = { extensionUri, memory, log, bundle, findRuntime, engine, store, watcher };
  context.subscriptions.push(
    log,
    engine,
    hints,
    store,
    watcher,
    registerRecipes(services),
    registerRuns(services),
    registerEngine(services),
    registerShowRequests(services),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (affects(event, settingNames.nodePath)) engine.stop();
    }),
  );
};
