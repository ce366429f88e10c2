#!/usr/bin/env node
// `npm start`: sets up what is missing, starts the sample recipe as a run, opens the sample project in VS Code.
import { spawn } from 'node:child_process';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildProject } from './build.mjs';
import { setUpNativeKernels } from './nativeKernels.mjs';
import { setUpVscode } from './openVscode.mjs';
import { setUpPackages } from './packages.mjs';
import { endWithParent, runCommand, startGroup } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { asSetupFailed, say, secondsSince, SetupFailed } from './step.mjs';
import { setUpTensorflow } from './tensorflow.mjs';

const help = `Distils the sample student, after setting up what is missing.

  npm start                  shows the run in VS Code, and goes on serving it where that is in the browser
  npm start -- --headless    only the run, in this terminal
  npm start -- --help        this text`;

const retort = join(projectRoot, 'dist', 'retort.cjs');
const sample = join(projectRoot, 'examples', 'shapes');
const recipe = join(sample, 'student.distill.json');
const runs = join(sample, '.retort', 'runs');

const drawSample = async () => {
  try {
    await runCommand(process.execPath, [join(sample, 'draw.mjs')], { cwd: sample });
  } catch (error) {
    throw asSetupFailed('The sample data could not be drawn:', error);
  }
};

const setUpEngine = async () => {
  await setUpPackages();
  await buildProject();
  await Promise.all([setUpTensorflow(), setUpNativeKernels(), drawSample()]);
};

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number>} */
const exitOf = (child) =>
  new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });

/** The run in this terminal: Ctrl-C asks it to stop at its next batch, as `retort run` does. */
const runHere = () => {
  const ignore = () => {};
  process.on('SIGINT', ignore);
  const child = spawn(process.execPath, [retort, 'run', recipe, '--runs', runs], { stdio: 'inherit' });
  return exitOf(child).finally(() => process.off('SIGINT', ignore));
};

/** Starts the run as a process of its own. @returns {Promise<string>} its folder */
const startRun = async () => {
  const args = [retort, 'run', recipe, '--runs', runs, '--detach', '--json'];
  try {
    return JSON.parse(await runCommand(process.execPath, args)).run;
  } catch (error) {
    throw asSetupFailed('The sample run could not be started:', error);
  }
};

/** Asks the extension to show this run when it next sees the project. @param {string} run */
const askToShow = async (run) => {
  const file = join(sample, '.retort', 'show');
  await mkdir(join(sample, '.retort'), { recursive: true });
  await writeFile(`${file}.new`, `${basename(run)}\n`);
  await rename(`${file}.new`, file);
};

/** Shows the run's progress, then the table; the run goes on when this ends. @param {string} run */
const watchRun = async (run) => {
  let isOver = false;
  process.once('exit', () => {
    if (!isOver) say(`\nThe run goes on; to see it again: node dist/retort.cjs watch ${run}`);
  });
  const code = await exitOf(startGroup(process.execPath, [retort, 'watch', run], { stdio: 'inherit' }));
  isOver = true;
  return code;
};

/** @param {string | null} address */
const serveUntilInterrupted = async (address) => {
  if (address === null) return;
  say(`\nVS Code goes on at ${address}\nCtrl-C ends it.`);
  await new Promise(() => setInterval(() => {}, 60_000));
};

const startWithVscode = async () => {
  const vscodeSetUp = setUpVscode();
  const [vscode] = await Promise.all([vscodeSetUp, setUpEngine()]);
  const run = await startRun();
  await askToShow(run);
  const address = (await vscode?.open(sample)) ?? null;
  if (address !== null) say(`\n  VS Code: ${address}\n`);
  process.exitCode = await watchRun(run);
  await serveUntilInterrupted(address);
};

/** @param {readonly string[]} args */
const main = async (args) => {
  const unknown = args.find((one) => !['--headless', '--help', '-h'].includes(one));
  if (unknown !== undefined) throw new SetupFailed(`There is no option ${unknown}.\n\n${help}`);
  if (args.includes('--help') || args.includes('-h')) return say(help);
  const start = Date.now();
  if (!args.includes('--headless')) return startWithVscode();
  await setUpEngine();
  say(`Set up in ${secondsSince(start)}.`);
  process.exitCode = await runHere();
  say(`Took ${secondsSince(start)}.`);
};

endWithParent();
main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof SetupFailed ? error.message : String(error?.stack ?? error));
  process.exit(1);
});
