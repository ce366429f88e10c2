import { expect, test } from 'vitest';
import {
  exitCode,
  orCrash,
  runnerLine,
  skipLines,
  totalLine,
  type Outcome,
} from '../../../setup/outcome.mjs';

const outcome = (part: Partial<Outcome>): Outcome => ({
  runner: 'unit',
  passed: 0,
  failed: 0,
  skipped: [],
  crash: null,
  ...part,
});

test('the last line sums every runner', () => {
  const outcomes = [outcome({ passed: 12 }), outcome({ runner: 'host', passed: 3, failed: 2 })];
  expect(totalLine(outcomes)).toBe('15 passed, 2 failed');
  expect(exitCode(outcomes)).toBe(1);
});

test('skipped tests are told by their reasons, each once, and leave the last line alone', () => {
  const skipped = [
    { name: 'a', reason: 'no Fashion-MNIST here' },
    { name: 'b', reason: 'no Fashion-MNIST here' },
    { name: 'c', reason: '' },
  ];
  const outcomes = [outcome({ passed: 1, skipped })];
  expect(totalLine(outcomes)).toBe('1 passed, 0 failed');
  expect(skipLines(outcomes)).toEqual([
    '  2 skipped in unit: no Fashion-MNIST here',
    '  1 skipped in unit: no reason given',
  ]);
  expect(exitCode(outcomes)).toBe(0);
});

test('a runner that crashed, or found no tests, counts as a failure', () => {
  const crashed = outcome({ passed: 4, crash: 'it ended with 137' });
  expect(runnerLine(crashed)).toBe('unit: 4 passed, 1 failed (it ended with 137)');
  expect(exitCode([crashed])).toBe(1);
  const empty = orCrash(outcome({}));
  expect(totalLine([empty])).toBe('0 passed, 1 failed');
  expect(exitCode([empty])).toBe(1);
});

test('nothing but skipped tests is no success', () => {
  expect(exitCode([outcome({ skipped: [{ name: 'a', reason: 'no GPU' }] })])).toBe(1);
});
