export type StepResult = 'next' | 'back' | 'end';

/** Where a step stands among all, from 1. */
export interface StepPosition {
  step: number;
  total: number;
}

export type Step = (position: StepPosition) => Promise<StepResult>;

/** Walks through steps; `back` goes to the one before. Gives false when the user gave up. */
export const walkSteps = async (steps: readonly Step[]): Promise<boolean> => {
  for (let at = 0; at < steps.length;) {
    const result = await steps[at]?.({ step: at + 1, total: steps.length });
    if (result === 'end' || result === undefined) return false;
    at += result === 'back' ? -1 : 1;
    if (at < 0) return false;
  }
  return true;
};
