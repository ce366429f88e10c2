// VS Code for the browser (code-server) from the npm registry, for machines without a desktop VS Code.
import { access, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './cache.mjs';
import { runCommand } from './processes.mjs';
import { asSetupFailed, SetupFailed, step } from './step.mjs';

const codeServerVersion = '4.139.1';
const nodeMajor = '24';
const home = join(cacheFolder, 'vscode');
const installed = join(home, codeServerVersion);
const nodePackage = `node-${process.platform}-${process.arch}`;
/** The two small native modules that VS Code cannot do without: log files, and a guard against orphans. */
const nativeModules = ['@vscode/spdlog', '@vscode/native-watchdog'];

/** @param {string} folder */
const nodeFolder = (folder) => join(folder, 'node', 'node_modules', nodePackage);
/** @param {string} folder */
const serverFolder = (folder) => join(folder, 'server', 'node_modules', 'code-server');

/** What starts VS Code for the browser: its own Node and its entry file. */
export const codeServerProgram = {
  node: join(nodeFolder(installed), 'bin', 'node'),
  entry: join(serverFolder(installed), 'out', 'node', 'entry.js'),
};

/** The VS Code version inside, e.g. `1.139.1`. */
export const vscodeVersion = async () =>
  JSON.parse(await readFile(join(serverFolder(installed), 'lib', 'vscode', 'product.json'), 'utf8')).version;

const isInstalled = () =>
  access(installed).then(
    () => true,
    () => false,
  );

/** @param {string} folder @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env] */
const npm = (folder, args, env = {}) =>
  runCommand('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, env });

/** @param {string} folder @param {string} spec */
const addPackage = async (folder, spec) => {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await npm(folder, ['install', '--ignore-scripts', spec]);
};

/** @param {string} target an empty folder that takes the place of {@link installed} when it is whole */
const install = async (target) => {
  await addPackage(join(target, 'node'), `${nodePackage}@${nodeMajor}`);
  const node = nodeFolder(target);
  const env = {
    PATH: `${join(node, 'bin')}:${process.env.PATH ?? ''}`,
    npm_config_nodedir: node,
    npm_config_ignore_scripts: 'true',
  };
  await addPackage(join(target, 'server'), `code-server@${codeServerVersion}`);
  const vscode = join(serverFolder(target), 'lib', 'vscode');
  await npm(vscode, ['install', '--omit=dev', '--ignore-scripts'], env);
  await npm(vscode, ['rebuild', ...nativeModules], { ...env, npm_config_ignore_scripts: 'false' });
  await npm(join(vscode, 'extensions'), ['install', '--omit=dev', '--ignore-scripts'], env);
};

const replaceInstalled = async () => {
  if (process.platform === 'win32')
    throw new SetupFailed(
      'VS Code for the browser needs Linux or macOS; install the desktop VS Code instead.',
    );
  await mkdir(home, { recursive: true });
  for (const name of await readdir(home))
    if (name.startsWith('.unfinished')) await rm(join(home, name), { recursive: true, force: true });
  const target = join(home, `.unfinished-${process.pid}`);
  try {
    await install(target);
    await rename(target, installed);
  } catch (error) {
    await rm(target, { recursive: true, force: true });
    throw asSetupFailed(
      'VS Code for the browser could not be set up (it needs the npm registry, make and a C++ compiler).',
      error,
    );
  }
};

/** @throws {SetupFailed} */
export const setUpCodeServer = () =>
  step({
    title: 'VS Code for the browser',
    doing: 'installing from the npm registry, about 800 MB',
    lock: 'vscode',
    isReady: isInstalled,
    act: replaceInstalled,
  });
