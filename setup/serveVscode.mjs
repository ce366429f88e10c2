// One VS Code for the browser on 127.0.0.1, with a throw-away profile, that ends with the process that started it.
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheFolder } from './cache.mjs';
import { codeServerProgram } from './codeServer.mjs';
import { runCommand, signalGroup, startGroup, stopGroup } from './processes.mjs';

const startWithinMs = 60_000;

/** A quiet VS Code: no telemetry, no updates, no tips, no recommendations. */
const quietSettings = {
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.openRepositoryInParentFolders': 'never',
  'security.workspace.trust.startupPrompt': 'never',
};

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/**
 * @typedef {object} ServeOptions
 * @property {Record<string, unknown>} [settings] user settings, over the quiet ones
 * @property {Record<string, string>} [env] for VS Code and everything that it starts
 * @property {readonly { name: string, path: string }[]} [extensions] linked: `publisher.name-version` and its folder
 * @property {readonly string[]} [vsix] packaged extensions to install
 * @property {boolean} [trust] ask for workspace trust, as the desktop does; folders start untrusted
 * @property {readonly string[]} [args] more arguments for code-server
 *
 * @typedef {object} VscodeServer
 * @property {string} url
 * @property {string} userData the profile's folder
 * @property {() => string} log what it printed so far
 * @property {() => Promise<void>} stop ends it with all it started, and removes its profile
 */

/** @param {ServeOptions} options */
const makeProfile = async ({ settings = {}, extensions = [], trust = false }) => {
  const root = await mkdtemp(join(tmpdir(), 'retort-vscode-'));
  const [userData, extensionsDir] = [join(root, 'data'), join(root, 'extensions')];
  await mkdir(join(userData, 'User'), { recursive: true });
  await mkdir(extensionsDir);
  await mkdir(join(root, 'run'), { mode: 0o700 });
  await writeFile(join(root, 'config.yaml'), '');
  const userSettings = { ...quietSettings, 'security.workspace.trust.enabled': trust, ...settings };
  await writeFile(join(userData, 'User', 'settings.json'), JSON.stringify(userSettings, null, 2));
  for (const { name, path } of extensions) await symlink(path, join(extensionsDir, name));
  const shared = ['--config', join(root, 'config.yaml'), '--user-data-dir', userData];
  return { root, userData, args: [...shared, '--extensions-dir', extensionsDir] };
};

/** @param {string} root @param {Record<string, string>} env */
const serverEnvironment = (root, env) => {
  /** @type {NodeJS.ProcessEnv} */
  const full = {
    ...process.env,
    EXTENSIONS_GALLERY: '{}',
    RETORT_CACHE: cacheFolder,
    XDG_CONFIG_HOME: join(root, 'xdg-config'),
    XDG_DATA_HOME: join(root, 'xdg-data'),
    XDG_CACHE_HOME: join(root, 'xdg-cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
    ...env,
  };
  for (const name of ['PASSWORD', 'PORT', 'VSCODE_IPC_HOOK_CLI', 'VSCODE_PROXY_URI', 'NODE_OPTIONS'])
    delete full[name];
  return full;
};

/** @param {string} url @param {() => boolean} hasEnded @param {() => string} log */
const waitUntilHealthy = async (url, hasEnded, log) => {
  for (const start = Date.now(); Date.now() - start < startWithinMs; await sleep(50)) {
    if (hasEnded()) break;
    const isHealthy = await fetch(`${url}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isHealthy) return;
  }
  throw new Error(`VS Code for the browser did not start.\n${log()}`);
};

/**
 * @param {ServeOptions} [options]
 * @returns {Promise<VscodeServer>}
 */
export const serveVscode = async (options = {}) => {
  const { root, userData, args } = await makeProfile(options);
  const env = serverEnvironment(root, options.env ?? {});
  const { node, entry } = codeServerProgram;
  for (const file of options.vsix ?? [])
    await runCommand(node, [entry, ...args, '--install-extension', file, '--force'], { env });

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const quiet = ['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'];
  const trust = options.trust ? [] : ['--disable-workspace-trust'];
  const where = ['--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--ignore-last-opened'];
  const child = startGroup(node, [entry, ...args, ...where, ...quiet, ...trust, ...(options.args ?? [])], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (log += data));
  const dropAll = () => {
    signalGroup(child, 'SIGKILL');
    rmSync(root, { recursive: true, force: true });
  };
  process.once('exit', dropAll);
  const stop = async () => {
    await stopGroup(child);
    process.off('exit', dropAll);
    await rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    await waitUntilHealthy(
      url,
      () => child.exitCode !== null || child.signalCode !== null,
      () => log,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, userData, log: () => log, stop };
};
