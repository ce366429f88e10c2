import type { Execution, ValueRef } from '../models/execution';

type Steps = Execution['steps'];

/** The steps that `result` needs. */
const neededFor = (steps: Steps, result: ValueRef): Set<number> => {
  const needed = new Set([result.step]);
  for (let index = result.step; index >= 0; index--)
    if (needed.has(index)) for (const { step } of steps[index]?.inputs ?? []) needed.add(step);
  return needed;
};

/** The step that holds a value's memory: a view's is that of its input. */
const holderOf = (steps: Steps, index: number): number => {
  const step = steps[index];
  const [input] = step?.inputs ?? [];
  return step?.isView && input ? holderOf(steps, input.step) : index;
};

/** By step, the last step that reads its memory. */
const lastUses = (steps: Steps, result: ValueRef, needed: ReadonlySet<number>): Map<number, number> => {
  const last = new Map<number, number>();
  for (const index of needed)
    for (const reads of [index, ...(steps[index]?.inputs ?? []).map(({ step }) => step)]) {
      const holder = holderOf(steps, reads);
      last.set(holder, Math.max(last.get(holder) ?? 0, index));
    }
  return last.set(holderOf(steps, result.step), steps.length);
};

/**
 * Most bytes of activations that are alive at once: an output lives from its step to the last that reads it, and no
 * step writes over its input. `bytes`: of each step's outputs.
 */
export const peakMemory = ({ steps, result }: Execution, bytes: readonly number[]): number => {
  const needed = neededFor(steps, result);
  const last = lastUses(steps, result, needed);
  const aliveAt = (index: number): number =>
    [...last].reduce(
      (sum, [step, until]) => (step <= index && index <= until ? sum + (bytes[step] ?? 0) : sum),
      0,
    );
  return Math.max(0, ...[...needed].map(aliveAt));
};
