import { expect, it } from 'vitest';
import { walkSteps, type Step, type StepResult } from '../../../../src/recipes/walkSteps';

/** Walks steps that answer in turn; gives the visited steps and how it ended. `unneeded`: steps that are passed over. */
const walk = async (answers: StepResult[], unneeded: readonly string[] = []): Promise<[string, boolean]> => {
  const visited: string[] = [];
  const step = (name: string): Step => ({
    ask: async ({ step: at, total }) => {
      visited.push(`${name}${at}/${total}`);
      return answers.shift() ?? 'end';
    },
    isNeeded: () => !unneeded.includes(name),
  });
  const isDone = await walkSteps([step('a'), step('b'), step('c')]);
  return [visited.join(' '), isDone];
};

it('goes on, back, and gives up', async () => {
  expect(await walk(['next', 'next', 'next'])).toEqual(['a1/3 b2/3 c3/3', true]);
  expect(await walk(['next', 'back', 'next', 'next', 'next'])).toEqual(['a1/3 b2/3 a1/3 b2/3 c3/3', true]);
  expect(await walk(['next', 'end'])).toEqual(['a1/3 b2/3', false]);
  expect(await walk(['back'])).toEqual(['a1/3', false]);
});

it('passes over steps that are not needed, in both directions', async () => {
  expect(await walk(['next', 'back', 'next', 'next'], ['b'])).toEqual(['a1/2 c2/2 a1/2 c2/2', true]);
  expect(await walk(['next'], ['b', 'c'])).toEqual(['a1/1', true]);
  expect(await walk(['next', 'back', 'back'], ['a'])).toEqual(['b1/2 c2/2 b1/2', false]);
  expect(await walk([], ['a', 'b', 'c'])).toEqual(['', true]);
});

it('asks again which steps are needed after every answer', async () => {
  let isLong = false;
  const asked: string[] = [];
  const first: Step = {
    ask: async () => {
      isLong = true;
      return 'next';
    },
  };
  const second: Step = {
    ask: async ({ step, total }) => {
      asked.push(`${step}/${total}`);
      return 'next';
    },
    isNeeded: () => isLong,
  };
  expect(await walkSteps([first, second])).toBe(true);
  expect(asked).toEqual(['2/2']);
});
