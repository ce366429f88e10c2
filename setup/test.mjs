#!/usr/bin/env node
// `npm test`: sets up what is missing, runs every test there is, ends with `N passed, N failed`.
import { buildProject } from './build.mjs';
import { setUpChromium } from './chromium.mjs';
import { setUpCodeServer } from './codeServer.mjs';
import { exitCode, failuresOf, orCrash, runnerLine, skipLines, totalLine } from './outcome.mjs';
import { setUpNativeKernels } from './nativeKernels.mjs';
import { setUpNodes } from './nodes.mjs';
import { setUpPackages } from './packages.mjs';
import { endWithParent } from './processes.mjs';
import { runChecks, runHost, runVitest } from './runners.mjs';
import { say, secondsSince, SetupFailed } from './step.mjs';
import { setUpTensorflow } from './tensorflow.mjs';

const help = `Runs the tests, after setting up what is missing.

  npm test                     everything
  npm test -- unit engine      only these: checks, unit, engine, webview, host, e2e
  npm test -- --help           this text

  checks    types, lint, format        webview   the built pages in Chromium
  unit      pure code                  host      the extension inside VS Code
  engine    the built engine           e2e       the whole walk, in VS Code in the browser`;

const names = /** @type {const} */ (['checks', 'unit', 'engine', 'webview', 'host', 'e2e']);
/** @typedef {(typeof names)[number]} RunnerName */

/** @param {readonly string[]} args */
const readSelection = (args) => {
  const unknown = args.find((one) => !(/** @type {readonly string[]} */ (names).includes(one)));
  if (unknown !== undefined)
    throw new SetupFailed(`There is no runner called ${unknown}; choose from ${names.join(', ')}.`);
  return names.filter((name) => args.length === 0 || args.includes(name));
};

/**
 * Sets up what the selected runners need.
 * @param {readonly RunnerName[]} selection
 * @returns {Promise<Map<RunnerName, string>>} the runners that cannot run, and why
 */
const setUp = async (selection) => {
  /** @type {Map<RunnerName, string>} */
  const missing = new Map();
  /** @param {readonly RunnerName[]} runners @param {() => Promise<unknown>} act */
  const forRunners = async (runners, act) => {
    const needing = runners.filter((one) => selection.includes(one));
    if (needing.length === 0) return;
    await act().catch((error) => {
      if (!(error instanceof SetupFailed)) throw error;
      say(error.message);
      for (const runner of needing) missing.set(runner, error.message.split('\n', 1)[0] ?? '');
    });
  };
  await Promise.all([
    setUpPackages(),
    forRunners(['webview', 'host', 'e2e'], setUpChromium),
    forRunners(['host', 'e2e'], setUpCodeServer),
    forRunners(['engine'], setUpNodes),
  ]);
  await buildProject();
  if (selection.some((one) => ['engine', 'host', 'e2e'].includes(one)))
    await Promise.all([setUpTensorflow(), setUpNativeKernels()]);
  return missing;
};

/** @param {RunnerName} name */
const runOne = (name) => {
  if (name === 'checks') return runChecks();
  return name === 'host' ? runHost() : runVitest(name);
};

/** Runners that watch a real window, which a machine short of time may show too late. */
const windowed = new Set(['webview', 'host', 'e2e']);

/** What fails in a window runs once more, whole, and that is said; what fails twice has failed. @param {RunnerName} name */
const runTried = async (name) => {
  const first = orCrash(await runOne(name));
  if (!windowed.has(name) || failuresOf(first) === 0) return first;
  say(`${runnerLine(first)}; once more:`);
  return orCrash(await runOne(name));
};

/** @param {readonly RunnerName[]} selection @param {ReadonlyMap<RunnerName, string>} missing */
const runAll = async (selection, missing) => {
  const outcomes = [];
  for (const runner of selection) {
    say(`\n── ${runner} ──`);
    const start = Date.now();
    const crash = missing.get(runner) ?? null;
    const outcome =
      crash === null ? await runTried(runner) : { runner, passed: 0, failed: 0, skipped: [], crash };
    outcomes.push(outcome);
    say(`${runnerLine(outcome)} in ${secondsSince(start)}`);
  }
  return outcomes;
};

/** @param {readonly string[]} args */
const main = async (args) => {
  if (args.includes('--help') || args.includes('-h')) return say(help);
  const start = Date.now();
  const selection = readSelection(args);
  const missing = await setUp(selection);
  say(`Set up in ${secondsSince(start)}.`);
  const outcomes = await runAll(selection, missing);
  say(`\n${outcomes.map(runnerLine).join('\n')}`);
  for (const line of skipLines(outcomes)) say(line);
  say(`Took ${secondsSince(start)}.`);
  say(totalLine(outcomes));
  process.exitCode = exitCode(outcomes);
};

endWithParent();
main(process.argv.slice(2)).catch((error) => {
  say(error instanceof SetupFailed ? error.message : String(error?.stack ?? error));
  say('0 passed, 1 failed');
  process.exitCode = 1;
});
