// A Chromium for looking at VS Code and the pages: the machine's own, else Debian's package.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runCommand } from './processes.mjs';
import { asSetupFailed, SetupFailed, step } from './step.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const macApplications = ['Google Chrome', 'Chromium'].map(
  (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
);

/** @param {string} file */
const isExecutable = (file) =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

/**
 * The absolute path of the first of these programs on PATH.
 * @param {readonly string[]} programs
 * @returns {Promise<string | null>}
 */
export const findOnPath = async (programs) => {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  for (const program of programs)
    for (const folder of folders) {
      const file = join(folder, program);
      if (await isExecutable(file)) return file;
    }
  return null;
};

/** `RETORT_CHROMIUM`, else the first Chromium or Chrome found. */
export const findChromium = async () => {
  if (process.env.RETORT_CHROMIUM) return process.env.RETORT_CHROMIUM;
  for (const file of macApplications) if (await isExecutable(file)) return file;
  return findOnPath(names);
};

const installDebianPackage = async () => {
  const canInstall = process.getuid?.() === 0 && (await findOnPath(['apt-get'])) !== null;
  if (!canInstall)
    throw new SetupFailed(
      'No Chromium was found; install the package chromium (or set RETORT_CHROMIUM to one).',
    );
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await runCommand('dpkg', ['--configure', '-a'], { env });
    await runCommand('apt-get', ['update', '-q'], { env });
    await runCommand('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], { env });
  } catch (error) {
    throw asSetupFailed(
      'Chromium could not be installed with apt-get; install it by hand and try again.',
      error,
    );
  }
};

/**
 * @returns {Promise<string>} the executable
 * @throws {SetupFailed}
 */
export const setUpChromium = async () => {
  await step({
    title: 'Chromium',
    doing: 'installing with apt-get',
    lock: 'apt',
    isReady: async () => (await findChromium()) !== null,
    act: installDebianPackage,
  });
  const executable = await findChromium();
  if (executable === null) throw new SetupFailed('Chromium was installed but is not on PATH.');
  return executable;
};
