// The native tensor runtime, which the built engine installs itself.
import { join } from 'node:path';
import { runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';
import { say } from './step.mjs';

/**
 * Installs TensorFlow's library for the engine where it is missing. Without it everything works, slower, so a failure
 * is told and not thrown.
 */
export const setUpTensorflow = async () => {
  try {
    await runCommand(process.execPath, [join(projectRoot, 'dist', 'retort.cjs'), 'backends', '--install'], {
      cwd: projectRoot,
      show: true,
    });
  } catch {
    say(
      'TensorFlow could not be set up, for the reason above; plain JavaScript computes instead, much slower.',
    );
  }
};
