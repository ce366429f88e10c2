// Each runner runs one kind of test to its end and says what came of it.
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildHostSuite } from './build.mjs';
import { CommandFailed, runCommand } from './processes.mjs';
import { projectRoot } from './project.mjs';

/** @typedef {import('./outcome.mjs').Outcome} Outcome */

const resultsFolder = join(projectRoot, 'build', 'test');
const moduleFile = (/** @type {string[]} */ ...parts) => join(projectRoot, 'node_modules', ...parts);
const typescript = moduleFile('typescript', 'bin', 'tsc');

/** What must hold of every source file; each counts as one test. */
const checks = [
  ...['engine', 'src', 'webview', 'setup', 'test'].map((part) => ({
    name: `types of ${part}`,
    args: [typescript, '--pretty', 'false', '-p', part],
  })),
  { name: 'lint', args: [moduleFile('eslint', 'bin', 'eslint.js'), '.', '--max-warnings=0'] },
  {
    name: 'format',
    args: [moduleFile('prettier', 'bin', 'prettier.cjs'), '--check', '--log-level=warn', '.'],
  },
];

/** @returns {Promise<Outcome>} */
export const runChecks = async () => {
  /** @type {Outcome} */
  const outcome = { runner: 'checks', passed: 0, failed: 0, skipped: [], crash: null };
  for (const { name, args } of checks) {
    try {
      await runCommand(process.execPath, args, { cwd: projectRoot });
      console.log(`  ✓ ${name}`);
      outcome.passed += 1;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      console.log(`  ✗ ${name}\n${error.output.trimEnd()}`);
      outcome.failed += 1;
    }
  }
  return outcome;
};

/** @param {string} file */
const readCounts = async (file) => {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
};

/**
 * Runs something that leaves its counts in a file. No counts, or an error that no test accounts for, is a crash.
 * @param {string} runner
 * @param {(resultFile: string) => Promise<unknown>} act
 * @returns {Promise<Outcome>}
 */
const runCounted = async (runner, act) => {
  const resultFile = join(resultsFolder, `${runner}.json`);
  await mkdir(resultsFolder, { recursive: true });
  await rm(resultFile, { force: true });
  const trouble = await act(resultFile).then(
    () => null,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  const counts = await readCounts(resultFile);
  if (counts === null)
    return { runner, passed: 0, failed: 0, skipped: [], crash: trouble ?? 'it ended without a result' };
  const crash = counts.failed === 0 ? trouble : null;
  const skipped = counts.skipped.map((/** @type {string | { name: string, reason: string }} */ one) =>
    typeof one === 'string' ? { name: one, reason: one } : one,
  );
  return { runner, passed: counts.passed, failed: counts.failed, skipped, crash };
};

/**
 * Runs one of vitest's projects.
 * @param {string} project
 */
export const runVitest = (project) =>
  runCounted(project, (resultFile) =>
    runCommand(
      process.execPath,
      [
        moduleFile('vitest', 'vitest.mjs'),
        'run',
        `--project=${project}`,
        '--reporter=default',
        `--reporter=${join(projectRoot, 'setup', 'vitestCounts.mjs')}`,
      ],
      { cwd: projectRoot, show: 'all', env: { RETORT_VITEST_RESULT: resultFile } },
    ),
  );

/**
 * The desktop VS Code that `RETORT_VSCODE` names; else, on systems that always have a display, the one that
 * @vscode/test-electron downloads; else the stand-in that runs the suite in VS Code for the browser.
 */
const vscodeExecutable = () => {
  if (process.env.RETORT_VSCODE) return process.env.RETORT_VSCODE;
  return process.platform === 'linux' ? join(resultsFolder, 'code.mjs') : undefined;
};

/** The extension-host suite, in a copy of the sample project. */
export const runHost = () =>
  runCounted('host', async (resultFile) => {
    await buildHostSuite();
    const { runTests } = await import('@vscode/test-electron');
    const folder = await mkdtemp(join(tmpdir(), 'retort-host-'));
    try {
      const project = join(folder, 'sample project');
      await cp(join(projectRoot, 'examples', 'shapes'), project, {
        recursive: true,
        filter: (source) => !/[\\/](data|\.retort)$/.test(source),
      });
      const executable = vscodeExecutable();
      await runTests({
        ...(executable === undefined ? {} : { vscodeExecutablePath: executable }),
        extensionDevelopmentPath: projectRoot,
        extensionTestsPath: join(projectRoot, 'build', 'host', 'index.cjs'),
        launchArgs: [project],
        extensionTestsEnv: { RETORT_HOST_RESULT: resultFile },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
