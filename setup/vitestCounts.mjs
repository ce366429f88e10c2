// A vitest reporter that leaves the counts, and why tests were skipped, in the file RETORT_VITEST_RESULT.
import { writeFileSync } from 'node:fs';

/** @typedef {import('./outcome.mjs').Outcome} Outcome */

/** @param {import('vitest/node').TestModule} module @param {Omit<Outcome, 'runner'>} counts */
const countModule = (module, counts) => {
  if (module.errors().length > 0) counts.failed += 1;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed') counts.passed += 1;
    else if (result.state === 'failed') counts.failed += 1;
    else {
      const reason = result.state === 'skipped' ? (result.note ?? '') : 'did not run';
      counts.skipped.push({ name: test.fullName, reason });
    }
  }
};

export default class VitestCounts {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} unhandledErrors
   */
  onTestRunEnd(modules, unhandledErrors) {
    /** @type {Omit<Outcome, 'runner'>} */
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: [], crash: null };
    for (const module of modules) countModule(module, counts);
    const file = process.env.RETORT_VITEST_RESULT;
    if (file) writeFileSync(file, JSON.stringify(counts));
  }
}
