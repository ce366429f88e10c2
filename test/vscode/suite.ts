/**
 * The `extensionTestsPath` module that VS Code really loads. It sends what the suite prints to a file (VS Code would
 * mix it into its own log), runs the suite and records its verdict.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { format } from 'node:util';

interface Suite {
  run(): Promise<void>;
}

const setting = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
};

const print = (text: string): void => appendFileSync(setting('RETORT_SUITE_OUTPUT'), text);

/** VS Code guards these with setters that ignore assignment, so the properties themselves are defined anew. */
const redirectOutput = (): void => {
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const)
    Object.defineProperty(console, name, {
      value: (...values: unknown[]) => print(`${format(...values)}\n`),
      configurable: true,
    });
  for (const name of ['stdout', 'stderr'] as const) {
    const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      print(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      const done = rest.find((one) => typeof one === 'function');
      if (done) process.nextTick(done);
      return true;
    };
    const stream = Object.create(process[name], { isTTY: { value: false }, write: { value: write } });
    Object.defineProperty(process, name, { value: stream, configurable: true });
  }
};

const record = (passed: boolean): void =>
  writeFileSync(setting('RETORT_SUITE_VERDICT'), JSON.stringify({ passed }));

export const run = async (): Promise<void> => {
  redirectOutput();
  try {
    const tests = setting('RETORT_SUITE_TESTS');
    const suite = createRequire(tests)(tests) as Suite;
    await suite.run();
    record(true);
  } catch (error) {
    print(`${error instanceof Error ? error.stack : String(error)}\n`);
    record(false);
    throw error;
  }
};
