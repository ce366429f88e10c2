/**
 * Stands in for the `code` executable where there is no desktop VS Code: takes the arguments that
 * @vscode/test-electron passes and runs the suite inside VS Code for the browser. The same exit codes.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vscodeVersion } from '../../setup/codeServer.mjs';
import { serveVscode, type VscodeServer } from '../../setup/serveVscode.mjs';
import { launchBrowser, viewport } from './browser';

interface Invocation {
  developmentPaths: string[];
  tests: string;
  folder: string | null;
}

const withinMs = Number(process.env.RETORT_SUITE_SECONDS ?? 240) * 1000;

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const readArguments = (args: readonly string[]): Invocation => {
  const valuesOf = (name: string): string[] =>
    args.filter((one) => one.startsWith(`--${name}=`)).map((one) => one.slice(name.length + 3));
  const [tests] = valuesOf('extensionTestsPath');
  if (tests === undefined) throw new Error('Only test runs are supported: --extensionTestsPath is missing.');
  const folder = args.find((one) => !one.startsWith('-') && isFolder(one));
  return { developmentPaths: valuesOf('extensionDevelopmentPath'), tests, folder: folder ?? null };
};

/** Prints what the suite appends to its output file; the returned function prints the rest and ends. */
const follow = (file: string): (() => void) => {
  let printed = 0;
  const print = (): void => {
    const text = readFileSync(file);
    process.stdout.write(text.subarray(printed));
    printed = text.length;
  };
  const timer = setInterval(print, 150);
  return () => {
    clearInterval(timer);
    print();
  };
};

const suiteAddress = (server: VscodeServer, { developmentPaths, folder }: Invocation): string => {
  const url = new URL(server.url);
  const remote = (path: string): string => `vscode-remote://${url.host}${resolve(path)}`;
  if (folder === null) url.searchParams.set('ew', 'true');
  else url.searchParams.set('folder', resolve(folder));
  const payload = [
    ...developmentPaths.map((path) => ['extensionDevelopmentPath', remote(path)]),
    ['extensionTestsPath', remote(join(import.meta.dirname, 'suite.cjs'))],
    ['skipWelcome', 'true'],
  ];
  url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
};

/** Opens the page and waits for the exit code that VS Code reports through `codeAutomationExit`. */
const openAndWait = async (address: string): Promise<{ code: number; reason: string }> => {
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext({ viewport })).newPage();
    return await new Promise((done, fail) => {
      const end = (code: number, reason: string): void => done({ code, reason });
      const timer = setTimeout(() => end(1, `no result within ${withinMs / 1000} s`), withinMs);
      timer.unref();
      page.on('crash', () => end(1, 'the page crashed'));
      page
        .exposeFunction('codeAutomationExit', (code: number) => end(code, 'the suite ended'))
        .then(() => page.goto(address))
        .catch(fail);
    });
  } finally {
    await browser.close();
  }
};

const readVerdict = (file: string): { passed: boolean } | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { passed: boolean };
  } catch {
    return null;
  }
};

const runSuite = async (invocation: Invocation): Promise<number> => {
  const scratch = mkdtempSync(join(tmpdir(), 'retort-suite-'));
  const [output, verdictFile] = [join(scratch, 'output.txt'), join(scratch, 'verdict.json')];
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  writeFileSync(output, '');
  const server = await serveVscode({
    args: ['--vscode-option', 'enable-smoke-test-driver'],
    env: {
      RETORT_SUITE_TESTS: resolve(invocation.tests),
      RETORT_SUITE_OUTPUT: output,
      RETORT_SUITE_VERDICT: verdictFile,
    },
  });
  const finish = follow(output);
  try {
    const { code, reason } = await openAndWait(suiteAddress(server, invocation));
    finish();
    const verdict = readVerdict(verdictFile);
    if (verdict === null)
      console.log(
        `The suite gave no verdict (${reason}).\n${server.log().split('\n').slice(-40).join('\n')}`,
      );
    return verdict?.passed ? code : code || 1;
  } finally {
    finish();
    await server.stop();
  }
};

const args = process.argv.slice(2);
if (args.includes('--version')) console.log(await vscodeVersion());
else process.exit(await runSuite(readArguments(args)));
