// The native tensor runtime, which the built engine finds, tries and installs itself.
import { join } from 'node:path';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { say, secondsSince } from './step.mjs';

/** @param {readonly string[]} args @param {'nothing' | 'errors'} show */
const backends = (args, show) =>
  runCommand(process.execPath, [join(projectRoot, 'dist', 'retort.cjs'), 'backends', ...args], {
    cwd: projectRoot,
    show,
  });

/** Whether the engine would compute with TensorFlow now, and with all that makes it fast here. */
const computes = async () => {
  const report = JSON.parse(await backends(['--json'], 'nothing'));
  return report.choice.name === 'tensorflow' && report.choice.passedOver.length === 0;
};

/**
 * Installs TensorFlow's library for the engine where it is missing; the engine waits for another installation. Without
 * it everything works, slower, so a failure is told and not thrown.
 */
export const setUpTensorflow = async () => {
  try {
    if (await computes()) return;
    const start = Date.now();
    say('TensorFlow: taking it from Python or installing it with pip …');
    await backends(['--install', '--json'], 'errors');
    say(`TensorFlow: ready after ${secondsSince(start)}.`);
  } catch {
    say(
      'TensorFlow could not be set up, for the reason above; WebAssembly computes instead, several times slower.',
    );
  }
};
