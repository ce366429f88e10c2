import { expect, it } from 'vitest';
import { walkSteps, type StepResult } from '../../../../src/recipes/walkSteps';

/** Walks three steps that answer in turn; gives the visited steps and how it ended. */
const walk = async (...answers: StepResult[]): Promise<[string, boolean]> => {
  const visited: string[] = [];
  const step = async ({ step: at, total }: { step: number; total: number }): Promise<StepResult> => {
    visited.push(`${at}/${total}`);
    return answers.shift() ?? 'end';
  };
  const isDone = await walkSteps([step, step, step]);
  return [visited.join(' '), isDone];
};

it('goes on, back, and gives up', async () => {
  expect(await walk('next', 'next', 'next')).toEqual(['1/3 2/3 3/3', true]);
  expect(await walk('next', 'back', 'next', 'next', 'next')).toEqual(['1/3 2/3 1/3 2/3 3/3', true]);
  expect(await walk('next', 'end')).toEqual(['1/3 2/3', false]);
  expect(await walk('back')).toEqual(['1/3', false]);
});
