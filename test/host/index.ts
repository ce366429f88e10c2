import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs every `*.test.cjs` beside this file inside VS Code; leaves the counts where `RETORT_HOST_RESULT` says. */
export const run = async (): Promise<void> => {
  const { default: Mocha } = await import('mocha');
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, reporter: 'spec', color: false });
  for (const file of readdirSync(__dirname).sort())
    if (file.endsWith('.test.cjs')) mocha.addFile(join(__dirname, file));
  await mocha.loadFilesAsync();
  const counts = { passed: 0, failed: 0, skipped: [] as string[] };
  const failed = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', () => counts.passed++);
    runner.on('fail', () => counts.failed++);
    runner.on('pending', (test) => counts.skipped.push(test.fullTitle()));
  });
  const result = process.env['RETORT_HOST_RESULT'];
  if (result) writeFileSync(result, JSON.stringify(counts));
  if (failed > 0) throw new Error(`${failed} of the extension-host tests failed.`);
};
