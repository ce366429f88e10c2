import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { goldenEntries } from '../fixtures/golden';

/** Files that compare losses with golden.json, each on every backend. */
const sources = readdirSync(import.meta.dirname)
  .filter((name) => name.startsWith('losses.'))
  .map((name) => readFileSync(`${import.meta.dirname}/${name}`, 'utf8'))
  .filter((text) => text.includes('onEveryBackend('));

it.each(goldenEntries)('%s of golden.json is compared on every backend', (entry) => {
  expect(sources.filter((text) => text.includes(`'${entry}'`))).not.toEqual([]);
});

it('has all entries', () => {
  expect(goldenEntries).toHaveLength(32);
});
