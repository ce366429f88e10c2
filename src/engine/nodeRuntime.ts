import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { Failed } from '../../engine/contract/failure';

/** Which Node runs the engine, and with which environment. */
export interface NodeRuntime {
  path: string;
  /** E.g. `20.20.1`. */
  version: string;
  /** How it was found, in words. */
  origin: string;
  env: NodeJS.ProcessEnv;
}

export const oldestNode = 20;

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

const executableNames = process.platform === 'win32' ? ['node.exe'] : ['node'];

/** Every `node` on a PATH, first one first. */
export const nodesOnPath = async (path: string): Promise<string[]> => {
  const candidates = path
    .split(delimiter)
    .filter(Boolean)
    .flatMap((folder) => executableNames.map((name) => join(folder, name)));
  const checked = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => checked[index]);
};

/** The version that a program answers to `--version`; null if it is no Node. */
export const nodeVersion = async (path: string): Promise<string | null> => {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000 });
    return /^v(\d+\.\d+\.\d+)\s*$/.exec(stdout)?.[1] ?? null;
  } catch {
    return null;
  }
};

const isRecent = (version: string | null): version is string =>
  version !== null && Number.parseInt(version, 10) >= oldestNode;

/** Without what the editor sets for its own children: the engine is an ordinary program. */
const plainEnvironment = (): NodeJS.ProcessEnv => {
  const env = { ...process.env };
  for (const name of ['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'VSCODE_INSPECTOR_OPTIONS']) delete env[name];
  return env;
};

const chosenNode = async (path: string): Promise<NodeRuntime> => {
  const version = await nodeVersion(path);
  if (!isRecent(version))
    throw new Failed(
      'backendMissing',
      version === null
        ? `${path} is no Node.js.`
        : `${path} is Node ${version}; Retort needs ${oldestNode} or newer.`,
      'Correct the setting retort.engine.nodePath, or empty it.',
    );
  return { path, version, origin: 'the setting retort.engine.nodePath', env: plainEnvironment() };
};

/**
 * The Node of the setting; else the first on PATH that is recent enough; else the editor's own runtime. Throws `Failed`
 * (backendMissing) only for a setting that names no usable Node.
 */
export const findNode = async (setting: string): Promise<NodeRuntime> => {
  if (setting) return chosenNode(setting);
  for (const path of await nodesOnPath(process.env['PATH'] ?? '')) {
    const version = await nodeVersion(path);
    if (isRecent(version)) return { path, version, origin: 'PATH', env: plainEnvironment() };
  }
  const env = { ...plainEnvironment(), ELECTRON_RUN_AS_NODE: '1' };
  return { path: process.execPath, version: process.versions.node, origin: 'the editor’s own runtime', env };
};
